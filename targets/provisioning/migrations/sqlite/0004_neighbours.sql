-- name: migrate.0004
-- What stands beside the resources: quotas, audits, and leaks to be seen to.
CREATE TABLE IF NOT EXISTS quotas (
    team TEXT NOT NULL PRIMARY KEY,
    used BIGINT NOT NULL
);
-- The key makes a second refund of one resource impossible.
CREATE TABLE IF NOT EXISTS quota_refunds (
    resource_id TEXT NOT NULL PRIMARY KEY,
    team TEXT NOT NULL,
    refunded_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS audit_log (
    kind TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kind, resource_id)
);
-- Objects of the backend that should be gone and perhaps are not.
CREATE TABLE IF NOT EXISTS leaks (
    token TEXT NOT NULL PRIMARY KEY,
    resource_type TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    cleared_at BIGINT
);
