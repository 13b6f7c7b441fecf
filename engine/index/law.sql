-- What people decide about what was found, what is made from it, and what was
-- erased. Created in new files after schema.sql, and in files of version 1
-- when they are opened (see upgrades in schema.go).

-- What a person said of a track, in order: a verdict, or a comment. by_whom is
-- the person's matricule or account, record the journal's record of the act.
-- AUTOINCREMENT, so that no number is ever used again.
CREATE TABLE decision (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    recording  INTEGER NOT NULL,
    track      INTEGER NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('validated', 'rejected', 'comment')),
    body       TEXT NOT NULL,
    by_whom    TEXT NOT NULL CHECK (by_whom <> ''),
    at_unix_us INTEGER NOT NULL,
    record     INTEGER NOT NULL CHECK (record >= 0),
    FOREIGN KEY (recording, track) REFERENCES track (recording, id)
) STRICT;
CREATE INDEX decision_by_track ON decision (recording, track);

-- What a person corrected: track holds the new value, before what stood there
-- until then. The first row of a field holds what the engine itself proposed.
CREATE TABLE rectification (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    recording    INTEGER NOT NULL,
    track        INTEGER NOT NULL,
    field        TEXT NOT NULL CHECK (field IN ('class', 'colour', 'lower')),
    before       INTEGER NOT NULL,
    before_score REAL NOT NULL,
    after        INTEGER NOT NULL,
    by_whom      TEXT NOT NULL CHECK (by_whom <> ''),
    at_unix_us   INTEGER NOT NULL,
    record       INTEGER NOT NULL CHECK (record >= 0),
    FOREIGN KEY (recording, track) REFERENCES track (recording, id)
) STRICT;
CREATE INDEX rectification_by_track ON rectification (recording, track);

-- A file made from recordings. path is where it was put, how says how it was
-- made, record is the journal's record of that.
CREATE TABLE derived (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL CHECK (kind <> ''),
    name         TEXT NOT NULL,
    path         TEXT NOT NULL,
    sha256       TEXT NOT NULL CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
    made_unix_us INTEGER NOT NULL,
    record       INTEGER NOT NULL CHECK (record >= 0),
    how          TEXT NOT NULL CHECK (json_valid(how))
) STRICT;

-- The tombstone of an erased track, or with track 0 of a whole recording: its
-- number, so that it is never used again, and nothing of what it was.
CREATE TABLE erased (
    recording  INTEGER NOT NULL,
    track      INTEGER NOT NULL,
    at_unix_us INTEGER NOT NULL,
    PRIMARY KEY (recording, track)
) STRICT, WITHOUT ROWID;
