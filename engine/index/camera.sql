-- Created in new files after registration.sql, and in files of version 4 when
-- they are opened.

-- What a person said of where a camera looks (scene.Calibration), by the name
-- that its recordings have. The last word holds.
CREATE TABLE camera (
    name        TEXT PRIMARY KEY,
    calibration TEXT NOT NULL CHECK (json_valid(calibration)),
    by_whom     TEXT NOT NULL CHECK (by_whom <> ''),
    at_unix_us  INTEGER NOT NULL,
    record      INTEGER NOT NULL CHECK (record >= 0)
) STRICT;
