-- What was read off number plates. Created in new files after law.sql, and in
-- files of version 3 when they are opened (see upgrades in schema.go).

-- A track's plate as searches and answers need it. best is what the votes of
-- all its reads say, score how surely, symbols the set of characters that a
-- search could meet in it (plate.Screen, a bit for each). Nobody is shown best
-- until a person has validated the track and then unmasked the plate (rule
-- 10): who, when, and in which journal record is in unmasked_*, NULL before,
-- and NULL again once the track is rejected.
CREATE TABLE registration (
    recording        INTEGER NOT NULL,
    track            INTEGER NOT NULL,
    best             TEXT NOT NULL CHECK (best <> ''),
    score            REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
    symbols          INTEGER NOT NULL,
    unmasked_by      TEXT,
    unmasked_unix_us INTEGER,
    unmasked_record  INTEGER,
    PRIMARY KEY (recording, track),
    FOREIGN KEY (recording, track) REFERENCES track (recording, id)
) STRICT, WITHOUT ROWID;

-- Every raw read of a track's plate with its votes (plate.Pack), apart so that
-- the rows above stay small.
CREATE TABLE registration_read (
    recording INTEGER NOT NULL,
    track     INTEGER NOT NULL,
    reads     BLOB NOT NULL,
    PRIMARY KEY (recording, track),
    FOREIGN KEY (recording, track) REFERENCES registration (recording, track)
) STRICT;
