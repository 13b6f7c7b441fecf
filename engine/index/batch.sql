-- Created in new files after camera.sql, and in files of version 7 when they are
-- opened.

-- A batch: many files to import and analyse. progress is what the run that
-- works on it said last (batch.Progress), empty before the first.
CREATE TABLE batch (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    made_unix_us INTEGER NOT NULL,
    manifest     TEXT NOT NULL CHECK (length(manifest) = 64), -- SHA-256
    basis        TEXT NOT NULL CHECK (basis <> ''),
    state        TEXT NOT NULL CHECK (state IN ('open', 'paused', 'cancelled')),
    progress     TEXT NOT NULL DEFAULT '',
    record       INTEGER NOT NULL CHECK (record >= 0)
) STRICT;

-- One file of a batch, and what became of it. video is codec and size of
-- picture, as the plan found them; start_unix_us is the beginning by the
-- recorder's own clock, clock_unix_us by the one that a person confirmed; recording is NULL until it is imported.
-- not_seen lists the spans that could not be analysed (scene.Coverage).
CREATE TABLE batch_item (
    batch                INTEGER NOT NULL REFERENCES batch (id),
    item                 INTEGER NOT NULL CHECK (item > 0),
    path                 TEXT NOT NULL,
    size_bytes           INTEGER NOT NULL CHECK (size_bytes >= 0),
    kind                 TEXT NOT NULL,
    video                TEXT NOT NULL,
    length_us            INTEGER NOT NULL CHECK (length_us >= 0),
    exhibit              TEXT NOT NULL,
    camera               TEXT NOT NULL,
    start_unix_us        INTEGER,
    clock_unix_us        INTEGER,
    clock_uncertainty_us INTEGER NOT NULL DEFAULT 0 CHECK (clock_uncertainty_us >= 0),
    clock_source         TEXT NOT NULL DEFAULT '',
    priority             INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 4),
    state                TEXT NOT NULL CHECK (state IN ('waiting', 'analysed', 'partly', 'refused', 'failed', 'cancelled', 'left-out')),
    reason               TEXT NOT NULL DEFAULT '',
    hint                 TEXT NOT NULL DEFAULT '',
    recording            INTEGER,
    attempts             INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    tracks               INTEGER NOT NULL DEFAULT 0 CHECK (tracks >= 0),
    not_seen             TEXT NOT NULL DEFAULT '',
    finished_unix_us     INTEGER,
    PRIMARY KEY (batch, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_item_waiting ON batch_item (batch, priority, item) WHERE state = 'waiting';
CREATE INDEX batch_item_by_recording ON batch_item (recording) WHERE recording IS NOT NULL;

-- A track that is cut where two files of one camera join: at_end 1 at the end
-- of its recording, 0 at the beginning. other_* is the track that goes on in the
-- file beside it, NULL where none was found.
CREATE TABLE joined (
    recording       INTEGER NOT NULL,
    track           INTEGER NOT NULL,
    at_end          INTEGER NOT NULL CHECK (at_end IN (0, 1)),
    other_recording INTEGER NOT NULL,
    other_track     INTEGER,
    PRIMARY KEY (recording, track, at_end),
    FOREIGN KEY (recording, track) REFERENCES track (recording, id)
) STRICT, WITHOUT ROWID;
