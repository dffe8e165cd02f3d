-- name: migrate.0003
-- A resource that could not be provisioned is `failed`, and can be asked for.
--
-- SQLite cannot change a CHECK: the table is made anew. Applied again over later rows, the CHECK must have the full
-- set, that of later files too.
DROP TABLE IF EXISTS resources_0003;
CREATE TABLE resources_0003 (
    resource_id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    attempt BIGINT NOT NULL CHECK (attempt > 0),
    team TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    tier TEXT NOT NULL,
    env TEXT NOT NULL,
    log_prefix TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'paused',
        'suspended', 'failed', 'expired', 'deleted', 'reaped')),
    key_prefix TEXT,
    connection_url TEXT,
    provider_resource_id TEXT,
    -- Whoever works on it, and until when nobody else may.
    holder TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    -- It is being undone, and will never be active.
    doomed BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    last_reconciled_at BIGINT,
    expires_at BIGINT,
    close_as TEXT CHECK (close_as IN ('deleted', 'reaped')),
    failed_stage TEXT CHECK (failed_stage IN ('create', 'finalize', 'reconcile')),
    last_error TEXT,
    settled_by TEXT
);
INSERT INTO resources_0003 (resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    last_reconciled_at, expires_at, close_as, failed_stage, last_error, settled_by)
SELECT resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status,
    key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, created_at,
    last_reconciled_at, expires_at, close_as, failed_stage, last_error, settled_by
FROM resources;
DROP TABLE resources;
ALTER TABLE resources_0003 RENAME TO resources;
CREATE UNIQUE INDEX IF NOT EXISTS resources_attempt ON resources (request_id, attempt);
-- Of the attempts of one request at most one has not failed.
CREATE UNIQUE INDEX IF NOT EXISTS resources_request ON resources (request_id) WHERE status <> 'failed';
CREATE INDEX IF NOT EXISTS resources_open ON resources (status, created_at)
    WHERE status IN ('pending', 'expired');
