-- Teams, what they have, what they bought, and what is still to be carried to the provisioner.

CREATE TABLE teams (
    team_id TEXT NOT NULL PRIMARY KEY,
    tier TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE resources (
    token TEXT NOT NULL PRIMARY KEY,
    team_id TEXT NOT NULL REFERENCES teams (team_id),
    resource_type TEXT NOT NULL,
    provider_resource_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'deleted')),
    tier TEXT NOT NULL,
    -- Counts the changes of the tier: of two that are under way, the provisioner knows the newer one by it.
    generation BIGINT NOT NULL DEFAULT 1,
    -- What the provisioner is known to have applied, and under which limit.
    applied_generation BIGINT NOT NULL DEFAULT 0,
    applied_conn_limit BIGINT CHECK (applied_conn_limit BETWEEN 0 AND 1000)
);

CREATE INDEX resources_team ON resources (team_id);

CREATE TABLE upgrades (
    -- Given by the sender: an upgrade that is sent again is the same upgrade.
    request_id TEXT NOT NULL PRIMARY KEY,
    team_id TEXT NOT NULL REFERENCES teams (team_id),
    tier TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE pending_propagations (
    -- The upgrade's request id; the provisioner knows by it what it did before.
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    team_id TEXT NOT NULL REFERENCES teams (team_id),
    target_tier TEXT,
    payload TEXT NOT NULL DEFAULT '{}',
    -- Dispatches that failed, and dispatches that began: those whose holder died are in the second only.
    attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    picks BIGINT NOT NULL DEFAULT 0 CHECK (picks >= 0),
    last_attempt_at BIGINT,
    last_error TEXT CHECK (length(CAST(last_error AS BLOB)) <= 1000),
    -- While somebody holds the row: the end of the lease.
    next_attempt_at BIGINT NOT NULL,
    claimed_by TEXT,
    claim_token TEXT,
    applied_at BIGINT,
    failed_at BIGINT,
    created_at BIGINT NOT NULL,
    CHECK (applied_at IS NULL OR failed_at IS NULL)
);

CREATE INDEX pending_propagations_due ON pending_propagations (next_attempt_at)
    WHERE applied_at IS NULL AND failed_at IS NULL;
CREATE INDEX pending_propagations_team ON pending_propagations (team_id, kind);

CREATE TABLE requeues (
    -- Given by the operator.
    request_id TEXT NOT NULL PRIMARY KEY,
    propagation_id TEXT NOT NULL REFERENCES pending_propagations (id),
    created_at BIGINT NOT NULL
);

CREATE TABLE audit_log (
    audit_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    propagation_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    summary TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE counters (
    -- The name of the metric with its labels.
    series TEXT NOT NULL PRIMARY KEY,
    metric TEXT NOT NULL,
    value BIGINT NOT NULL
);
