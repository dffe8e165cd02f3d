-- What the provisioner keeps on its own disk, for SQLite: what it really applied, and what it was asked for.

-- name: provisioner.grades
CREATE TABLE IF NOT EXISTS grades (
    token TEXT NOT NULL PRIMARY KEY,
    resource_type TEXT NOT NULL,
    tier TEXT NOT NULL,
    generation BIGINT NOT NULL,
    conn_limit BIGINT NOT NULL,
    -- Under which propagation, and how often something was really changed.
    propagation_id TEXT NOT NULL,
    changes BIGINT NOT NULL
)

-- name: provisioner.calls
CREATE TABLE IF NOT EXISTS calls (
    token TEXT NOT NULL PRIMARY KEY,
    calls BIGINT NOT NULL
)

-- name: provisioner.count
INSERT INTO calls (token, calls) VALUES ($1, 1)
ON CONFLICT (token) DO UPDATE SET calls = calls.calls + 1
RETURNING calls

-- name: provisioner.grade
SELECT tier, generation, conn_limit, propagation_id FROM grades WHERE token = $1

-- name: provisioner.apply
INSERT INTO grades (token, resource_type, tier, generation, conn_limit, propagation_id, changes)
VALUES ($1, $2, $3, $4, $5, $6, 1)
ON CONFLICT (token) DO UPDATE
SET tier = excluded.tier, generation = excluded.generation, conn_limit = excluded.conn_limit,
    propagation_id = excluded.propagation_id, changes = grades.changes + 1
