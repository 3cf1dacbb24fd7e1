"""The schema of the index: the only definition of its SQLite tables.

The index is a cache: it holds nothing that the log and the records do not hold, and it is dropped when `SCHEMA` grows.
"""

from __future__ import annotations

from typing import Final

SCHEMA: Final = 5
"""Version of these tables and of what the fold writes into them; a file with another number is rebuilt."""

UNKNOWN: Final = "unknown"
"""Key in `stamp`: the reason why this program must not write here, if it met an entry that it does not understand."""
DAMAGED: Final = "damaged"
"""Key in `stamp`: JSON list of the records that could not be read; nothing is added until they can be."""
SEAL: Final = "seal"
"""Key in `stamp`: the digest of all other rows of `stamp`."""

TABLES: Final = """
-- registry id, SCHEMA, and the slot (seq, SHA-256 of its file) up to which the log is folded
CREATE TABLE stamp (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- a line is a model; its key is the casefold of its name, project is the casefold of its project
CREATE TABLE lines (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, project TEXT NOT NULL,
    last_number INTEGER NOT NULL
);
-- every name that a line has or had; a name is never given to another line
CREATE TABLE names (key TEXT PRIMARY KEY, line INTEGER NOT NULL, name TEXT NOT NULL) WITHOUT ROWID;

-- doc: JSON of what is shown and not searched; created: microseconds since 1970 UTC; size: bytes of all files;
-- design, design_size: digest and bytes of its design, where that is a blob;
-- broken: why the record cannot be read, or NULL; a broken version has little more than its number
CREATE TABLE versions (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, line INTEGER NOT NULL, number INTEGER NOT NULL,
    framework TEXT, author TEXT NOT NULL, created INTEGER NOT NULL, step INTEGER, task TEXT, size INTEGER NOT NULL,
    comment TEXT, publication TEXT, archived INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,
    doc TEXT NOT NULL, design TEXT, design_size INTEGER, broken TEXT, UNIQUE (line, number)
);
-- metadata.* metrics.* params.* labels.* design.*; number holds numbers and booleans (0, 1), text the rest;
-- a NaN has text 'nan' and no number; a list is its JSON text
CREATE TABLE fields (
    version INTEGER NOT NULL, field TEXT NOT NULL, number, text TEXT, PRIMARY KEY (version, field)
) WITHOUT ROWID;
CREATE TABLE tags (version INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (version, tag)) WITHOUT ROWID;
CREATE TABLE aliases (
    line INTEGER NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (line, alias)
) WITHOUT ROWID;
-- the versions that held an alias, oldest first; version is NULL where the alias was removed
CREATE TABLE moves (
    row INTEGER PRIMARY KEY, line INTEGER NOT NULL, alias TEXT NOT NULL, version INTEGER, seq INTEGER NOT NULL
);
CREATE TABLE parents (
    child INTEGER NOT NULL, position INTEGER NOT NULL, parent TEXT NOT NULL, role TEXT NOT NULL,
    PRIMARY KEY (child, position)
) WITHOUT ROWID;
CREATE TABLE files (
    version INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER, sha256 TEXT, xxh3 TEXT, media TEXT, url TEXT,
    PRIMARY KEY (version, path)
) WITHOUT ROWID;

-- void: why the entry has no effect, or NULL; time: microseconds since 1970 UTC
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time INTEGER NOT NULL, author TEXT NOT NULL, tool TEXT NOT NULL,
    message TEXT, void TEXT
);
-- doc: the change as JSON; before: the values it replaced, as JSON, enough to undo it; task, record: of a `task` change
CREATE TABLE changes (
    seq INTEGER NOT NULL, position INTEGER NOT NULL, op TEXT NOT NULL, version INTEGER, line INTEGER,
    doc TEXT NOT NULL, before TEXT, task TEXT, record TEXT, PRIMARY KEY (seq, position)
) WITHOUT ROWID;
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- blobs that a collector announced (stage: condemn), took out of use (sweep) or deleted (purge), and the last entry
-- that did so; the row is deleted when a version uses the blob again
CREATE TABLE garbage (sha256 TEXT PRIMARY KEY, stage TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;

-- a task as in its newest record; record: that record; key, project_key: casefolds; times: microseconds since 1970
-- UTC; command: its words quoted for a shell; status is from the log: a task that is running there may have crashed
CREATE TABLE tasks (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, key TEXT NOT NULL, project TEXT NOT NULL,
    project_key TEXT NOT NULL, status TEXT NOT NULL, attempt INTEGER NOT NULL, author TEXT NOT NULL,
    created INTEGER NOT NULL, started INTEGER, ended INTEGER, exit_code INTEGER, source TEXT, comment TEXT,
    commit_id TEXT, command TEXT NOT NULL, record TEXT NOT NULL, archived INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0, broken TEXT
);
-- params.* metrics.* env.* python.* host.* seeds.*, as in `fields`
CREATE TABLE task_fields (
    task INTEGER NOT NULL, field TEXT NOT NULL, number, text TEXT, PRIMARY KEY (task, field)
) WITHOUT ROWID;
CREATE TABLE task_tags (task INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (task, tag)) WITHOUT ROWID;
-- version: id of a version that is an input of the task
CREATE TABLE task_inputs (
    task INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    PRIMARY KEY (task, position)
) WITHOUT ROWID;
CREATE TABLE task_data (
    task INTEGER NOT NULL, position INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (task, position)
) WITHOUT ROWID;
CREATE TABLE task_files (
    task INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER, sha256 TEXT, xxh3 TEXT, media TEXT,
    PRIMARY KEY (task, path)
) WITHOUT ROWID;

-- digests that reveal a flipped bit, see `seals.py`
CREATE TABLE seals (
    kind INTEGER NOT NULL, row INTEGER NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (kind, row)
) WITHOUT ROWID;

-- every blob that a version or a task names, by the row of one of them; size in bytes
CREATE VIEW uses AS
    SELECT sha256, size, version, NULL AS task FROM files WHERE sha256 IS NOT NULL
    UNION ALL SELECT design, design_size, row, NULL FROM versions WHERE design IS NOT NULL
    UNION ALL SELECT sha256, size, NULL, task FROM task_files WHERE sha256 IS NOT NULL;
-- every record that an entry with effect gave to a task, including those of its earlier stages
CREATE VIEW task_records AS
    SELECT c.record, c.task, c.seq
    FROM changes c JOIN entries e ON e.seq = c.seq WHERE c.record IS NOT NULL AND e.void IS NULL;
"""


USES: Final = """
CREATE INDEX IF NOT EXISTS files_sha256 ON files (sha256);
CREATE INDEX IF NOT EXISTS versions_design ON versions (design) WHERE design IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_files_sha256 ON task_files (sha256);
"""
"""Indexes that find the users of a blob. The fold itself needs them from the first entry of a collector on."""
OUTPUTS: Final = "CREATE INDEX IF NOT EXISTS versions_task ON versions (task) WHERE task IS NOT NULL;"
"""The index that finds the versions of a task. The fold itself needs it from the first task on."""
INDEXES: Final = f"""
{USES}{OUTPUTS}
CREATE INDEX lines_project ON lines (project);
CREATE INDEX versions_created ON versions (created);
CREATE INDEX versions_size ON versions (size);
CREATE INDEX fields_number ON fields (field, number, version);
CREATE INDEX fields_text ON fields (field, text, version);
CREATE INDEX tags_tag ON tags (tag, version);
CREATE INDEX aliases_version ON aliases (version);
CREATE INDEX moves_alias ON moves (line, alias);
CREATE INDEX parents_parent ON parents (parent);
CREATE INDEX files_size ON files (size, xxh3);
CREATE INDEX changes_version ON changes (version) WHERE version IS NOT NULL;
CREATE INDEX changes_line ON changes (line) WHERE line IS NOT NULL;
CREATE INDEX changes_record ON changes (record) WHERE record IS NOT NULL;
CREATE INDEX changes_task ON changes (task) WHERE task IS NOT NULL;
CREATE INDEX tasks_key ON tasks (key);
CREATE INDEX tasks_created ON tasks (created);
CREATE INDEX task_inputs_version ON task_inputs (version);
CREATE INDEX task_data_sha256 ON task_data (sha256);
"""
"""Created after a rebuild has filled the tables, which is three times faster than updating them row by row."""
