-- The jobs of the workers: one row for each kind and period.

CREATE TABLE jobs (
    job_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('available', 'running', 'completed', 'discarded')),
    attempt BIGINT NOT NULL DEFAULT 0,
    attempted_by TEXT,
    attempted_at BIGINT,
    scheduled_at BIGINT NOT NULL,
    error TEXT,
    CHECK (state <> 'running' OR (attempted_by IS NOT NULL AND attempted_at IS NOT NULL))
);

CREATE INDEX jobs_open ON jobs (scheduled_at) WHERE state IN ('available', 'running');
