-- The index of one procedure: its recordings, how far each is analysed, and
-- the tracks found. The file is encrypted as a whole; destroying the key
-- destroys the data. All times are integer microseconds: *_us is media time
-- (since the recording's first frame), *_unix_us is wall-clock time since
-- 1970 UTC. Places and sizes are source pixels as displayed (*_px).

-- A recording is a file that was imported. The original stays where it is;
-- sha256 is its identity. clock_unix_us is the wall-clock time of media time
-- zero, NULL when nobody has said; uncertainty is plus or minus.
CREATE TABLE recording (
    id                   INTEGER PRIMARY KEY,
    sha256               TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    path                 TEXT NOT NULL,
    size_bytes           INTEGER NOT NULL CHECK (size_bytes >= 0),
    modified_unix_us     INTEGER NOT NULL,
    imported_unix_us     INTEGER NOT NULL,
    exhibit              TEXT NOT NULL,
    basis                TEXT NOT NULL,
    camera               TEXT NOT NULL,
    clock_unix_us        INTEGER,
    clock_uncertainty_us INTEGER NOT NULL DEFAULT 0 CHECK (clock_uncertainty_us >= 0),
    clock_source         TEXT NOT NULL DEFAULT '',
    probe                TEXT NOT NULL CHECK (json_valid(probe)) -- wire.Probe
) STRICT;

-- The one analysis that a recording has. identity hashes whatever decides
-- what is found: the recording, the models, the parameters. longest_us is the
-- longest life of a track: it bounds how far before a moment a search for
-- what was there at that moment has to look.
CREATE TABLE analysis (
    recording        INTEGER PRIMARY KEY REFERENCES recording (id),
    identity         TEXT NOT NULL CHECK (identity <> ''),
    info             TEXT NOT NULL CHECK (json_valid(info)), -- index.Analysis
    state            TEXT NOT NULL CHECK (state IN ('running', 'complete')),
    started_unix_us  INTEGER NOT NULL,
    finished_unix_us INTEGER,
    plane_w          INTEGER NOT NULL DEFAULT 0,
    plane_h          INTEGER NOT NULL DEFAULT 0,
    longest_us       INTEGER NOT NULL DEFAULT 0 CHECK (longest_us >= 0),
    tracks           INTEGER NOT NULL DEFAULT 0 CHECK (tracks >= 0)
) STRICT;

-- A row for each chunk that is done. times holds the media times of its
-- frames in decode order (scene.PackTimes); it outlives the staging below,
-- because frame numbers are counted from it.
CREATE TABLE chunk (
    recording INTEGER NOT NULL REFERENCES analysis (recording),
    chunk     INTEGER NOT NULL CHECK (chunk >= 0),
    frames    INTEGER NOT NULL CHECK (frames >= 0),
    chunk_end TEXT NOT NULL CHECK (json_valid(chunk_end)), -- wire.ChunkEnd less times and plates
    times     BLOB NOT NULL,
    PRIMARY KEY (recording, chunk)
) STRICT, WITHOUT ROWID;

-- Staging: pieces of tracks as the worker sent them, until they are stitched.
CREATE TABLE piece (
    recording INTEGER NOT NULL,
    chunk     INTEGER NOT NULL,
    seq       INTEGER NOT NULL CHECK (seq >= 0),
    msg       BLOB NOT NULL, -- wire.TrackMsg as JSON
    PRIMARY KEY (recording, chunk, seq),
    FOREIGN KEY (recording, chunk) REFERENCES chunk (recording, chunk)
) STRICT;

-- Pictures of the scene without its movers.
CREATE TABLE plate (
    recording INTEGER NOT NULL,
    chunk     INTEGER NOT NULL,
    at_us     INTEGER NOT NULL,
    jpeg      BLOB NOT NULL,
    PRIMARY KEY (recording, chunk, at_us),
    FOREIGN KEY (recording, chunk) REFERENCES chunk (recording, chunk)
) STRICT;

-- What became of each span [from_us, to_us) of a recording.
CREATE TABLE coverage (
    recording INTEGER NOT NULL REFERENCES analysis (recording),
    seq       INTEGER NOT NULL CHECK (seq >= 0),
    from_us   INTEGER NOT NULL,
    to_us     INTEGER NOT NULL CHECK (to_us >= from_us),
    kind      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (recording, seq)
) STRICT, WITHOUT ROWID;

-- One object in one recording. class and colour are scene.Class and
-- scene.Colour by number; lower is the colour of a person's lower clothing,
-- colour then that of the upper. Rows are kept light, because searches read many:
-- the path, the masks and the picture are in tables of their own, and sizes
-- are rounded to whole pixels (the foot's extent outwards). The foot is the
-- middle of the box's lower edge; its extent lets a search by zone or line
-- leave out most paths unread. heading_deg is NULL when the object did not
-- travel far enough to tell. status is the last verdict of a person (see
-- decision in law.sql): 0 proposed, 1 validated, 2 rejected. event is a
-- scene.Event by number, event_us when it was, linked the track that was there
-- then. stand_us is the longest time it stood (scene.Path.LongestStand) or, in
-- rows of before version 5, could have stood. cells is a coarse map of where the
-- feet were, a bit for each of 64 cells (scene.Cells); in rows of before it
-- came all are set, which leaves nothing out.
CREATE TABLE track (
    recording    INTEGER NOT NULL REFERENCES analysis (recording),
    id           INTEGER NOT NULL CHECK (id > 0),
    class        INTEGER NOT NULL CHECK (class BETWEEN 0 AND 255),
    class_score  REAL NOT NULL,
    colour       INTEGER NOT NULL CHECK (colour BETWEEN 0 AND 255),
    colour_score REAL NOT NULL,
    heading_deg  REAL CHECK (heading_deg >= 0 AND heading_deg < 360),
    observed     REAL NOT NULL CHECK (observed BETWEEN 0 AND 1),
    start_us     INTEGER NOT NULL,
    end_us       INTEGER NOT NULL CHECK (end_us >= start_us),
    best_us      INTEGER NOT NULL,
    best_x_px    REAL NOT NULL,
    best_y_px    REAL NOT NULL,
    best_w_px    REAL NOT NULL,
    best_h_px    REAL NOT NULL,
    min_w_px     REAL NOT NULL,
    min_h_px     REAL NOT NULL,
    median_w_px  REAL NOT NULL,
    median_h_px  REAL NOT NULL,
    max_w_px     REAL NOT NULL,
    max_h_px     REAL NOT NULL,
    foot_x0_px   REAL NOT NULL,
    foot_y0_px   REAL NOT NULL,
    foot_x1_px   REAL NOT NULL CHECK (foot_x1_px >= foot_x0_px),
    foot_y1_px   REAL NOT NULL CHECK (foot_y1_px >= foot_y0_px),
    travel_px    REAL NOT NULL CHECK (travel_px >= 0),
    status       INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 2),
    event        INTEGER NOT NULL DEFAULT 0 CHECK (event BETWEEN 0 AND 2),
    event_us     INTEGER,
    linked       INTEGER,
    stand_us     INTEGER NOT NULL DEFAULT 0 CHECK (stand_us >= 0),
    cells        INTEGER NOT NULL DEFAULT -1,
    lower        INTEGER NOT NULL DEFAULT 0 CHECK (lower BETWEEN 0 AND 255),
    lower_score  REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (recording, id)
) STRICT, WITHOUT ROWID;

-- Searches go recording by recording, so each index starts with it. The one by
-- kind holds the whole row: those of one class and colour, which lie all over
-- the table, are found there side by side, and decrypting pages is what a
-- search costs. A search by colour alone asks it for each class. The one by
-- foot is a fifth of the table: a search by place reads it, and the rows near
-- that place.
CREATE INDEX track_by_start ON track (recording, start_us);
CREATE INDEX track_by_kind ON track (recording, class, colour, start_us, id, end_us, class_score, colour_score, heading_deg,
    observed, best_us, best_x_px, best_y_px, best_w_px, best_h_px, min_w_px, min_h_px, median_w_px, median_h_px,
    max_w_px, max_h_px, foot_x0_px, foot_y0_px, foot_x1_px, foot_y1_px, travel_px, status,
    event, event_us, linked, stand_us, cells, lower, lower_score);
CREATE INDEX track_by_status ON track (recording, status) WHERE status <> 0;
CREATE INDEX track_by_event ON track (recording, event) WHERE event <> 0;
CREATE INDEX track_by_stand ON track (recording, stand_us);
CREATE INDEX track_by_foot ON track (recording, foot_x0_px, foot_x1_px, foot_y0_px, foot_y1_px, cells, id, start_us);

-- Where a track was (scene.PackPath): side by side, and without what searches
-- do not read.
CREATE TABLE way (
    recording INTEGER NOT NULL,
    track     INTEGER NOT NULL,
    path      BLOB NOT NULL,
    PRIMARY KEY (recording, track),
    FOREIGN KEY (recording, track) REFERENCES track (recording, id)
) STRICT, WITHOUT ROWID;

-- The silhouettes of a track (scene.PackMasks), and what its class and colours
-- were told from (JSON, see packVotes; empty where nothing is known, as in rows
-- of before version 9).
CREATE TABLE tube (
    recording INTEGER NOT NULL,
    track     INTEGER NOT NULL,
    masks     BLOB NOT NULL,
    votes     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (recording, track),
    FOREIGN KEY (recording, track) REFERENCES track (recording, id)
) STRICT;

-- The best picture of a track.
CREATE TABLE crop (
    recording INTEGER NOT NULL,
    track     INTEGER NOT NULL,
    at_us     INTEGER NOT NULL,
    x_px      REAL NOT NULL,
    y_px      REAL NOT NULL,
    w_px      REAL NOT NULL,
    h_px      REAL NOT NULL,
    jpeg      BLOB NOT NULL,
    PRIMARY KEY (recording, track),
    FOREIGN KEY (recording, track) REFERENCES track (recording, id)
) STRICT;

-- What the planner is told of the sizes of things, so that it chooses the same
-- index however much there is: ten recordings of ten thousand tracks each.
-- The numbers are rows in all, then rows for each value of the first column,
-- of the first two, and so on (https://sqlite.org/fileformat2.html#stat1tab).
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('recording', NULL, '10'),
    ('analysis', NULL, '10'),
    ('track', 'track', '100000 10000 1'),
    ('track', 'track_by_start', '100000 10000 2'),
    ('track', 'track_by_kind', '100000 10000 1500 150 2'),
    ('track', 'track_by_foot', '100000 10000 20 10 5 2 2 1 1'),
    ('track', 'track_by_stand', '100000 10000 20');
