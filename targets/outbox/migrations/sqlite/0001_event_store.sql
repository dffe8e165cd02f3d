-- The streams, their snapshots, the commands that were carried out, and what is derived from them.

CREATE TABLE aggregate_events (
    aggregate_type TEXT NOT NULL,
    aggregate_id TEXT NOT NULL,
    sequence BIGINT NOT NULL CHECK (sequence > 0),
    event_type TEXT NOT NULL,
    event_version BIGINT NOT NULL,
    codec TEXT NOT NULL,
    payload TEXT NOT NULL,
    command_id TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    -- The backstop behind the version check: of two writers of one sequence, one loses here.
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);

CREATE TABLE aggregate_snapshots (
    aggregate_type TEXT NOT NULL,
    aggregate_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    codec TEXT NOT NULL,
    state TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id)
);

CREATE TABLE processed_commands (
    command_id TEXT NOT NULL PRIMARY KEY,
    aggregate_type TEXT NOT NULL,
    aggregate_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    processed_at BIGINT NOT NULL
);

CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    balance BIGINT NOT NULL CHECK (balance >= 0),
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE account_entries (
    -- The message that announces the movement.
    entry_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    -- No single movement may be larger than this; the aggregate knows nothing of it.
    amount BIGINT NOT NULL CHECK (amount BETWEEN -1000000 AND 1000000)
);
