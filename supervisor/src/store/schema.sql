-- The run store. Times are milliseconds since 1970 in UTC.

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    begun INTEGER NOT NULL,
    -- When and how its last sweep came to an orderly end: complete, interrupted or gave_up.
    ended INTEGER,
    ending TEXT,
    -- Of netsweep.
    version TEXT NOT NULL,
    -- Absolute path.
    inventory TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    -- JSON: what was asked for on the command line.
    options TEXT NOT NULL
) STRICT;

-- Devices of a run mostly share their commands.
CREATE TABLE command_lists (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    -- JSON: an array of strings.
    commands TEXT NOT NULL
) STRICT;

CREATE INDEX command_lists_of_run ON command_lists (run);

-- The selected devices, in inventory order, as they were when the run began.
CREATE TABLE devices (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    platform TEXT NOT NULL,
    -- JSON: an array of objects with transport and port.
    routes TEXT NOT NULL,
    commands INTEGER NOT NULL REFERENCES command_lists ON DELETE CASCADE,
    -- Every command only reads.
    read_only INTEGER NOT NULL,
    -- A worker has its commands, not all of which only read: whether they were begun is not known
    -- until there is an outcome.
    handed_out INTEGER NOT NULL DEFAULT 0,
    UNIQUE (run, name)
) STRICT;

-- Attempts that were followed by another.
CREATE TABLE attempts (
    device INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    failed INTEGER NOT NULL,
    worker INTEGER NOT NULL,
    -- None where the worker was the reason and not the device.
    error_kind TEXT,
    error_message TEXT
) STRICT;

CREATE INDEX attempts_of_device ON attempts (device);

-- One for each device: its record, but for what stands in devices and outputs. Appended to, with
-- outputs: devices finish in any order, and a row in their order would go to another page each time.
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY,
    device INTEGER NOT NULL UNIQUE REFERENCES devices ON DELETE CASCADE,
    -- Cut short by the user: to be run again, and then replaced.
    unfinished INTEGER NOT NULL,
    address TEXT NOT NULL,
    port INTEGER NOT NULL,
    transport TEXT NOT NULL,
    platform TEXT NOT NULL,
    status TEXT NOT NULL,
    error_kind TEXT,
    error_message TEXT,
    attempts INTEGER NOT NULL,
    worker INTEGER,
    started INTEGER,
    connect_ms REAL NOT NULL,
    login_ms REAL NOT NULL,
    commands_ms REAL NOT NULL,
    total_ms REAL NOT NULL,
    -- JSON: the old algorithms that were used.
    ssh_legacy TEXT
) STRICT;

CREATE TABLE outputs (
    outcome INTEGER NOT NULL REFERENCES outcomes ON DELETE CASCADE,
    -- Among the commands that were begun.
    position INTEGER NOT NULL,
    command TEXT NOT NULL,
    status TEXT NOT NULL,
    elapsed_ms REAL NOT NULL,
    truncated INTEGER NOT NULL,
    -- JSON.
    parsed TEXT,
    -- As it is shown.
    output BLOB NOT NULL,
    -- As it was sent, where it had to be decoded.
    undecoded BLOB,
    UNIQUE (outcome, position)
) STRICT;
