-- What the backend keeps on its own disk, for SQLite.

-- name: backend.table
CREATE TABLE IF NOT EXISTS backend_objects (
    token TEXT NOT NULL PRIMARY KEY,
    resource_type TEXT NOT NULL,
    provider_resource_id TEXT NOT NULL,
    key_prefix TEXT,
    url TEXT NOT NULL,
    is_there BIGINT NOT NULL,
    creates BIGINT NOT NULL,
    deletes BIGINT NOT NULL,
    created_at BIGINT NOT NULL
)

-- name: backend.table_of_calls
CREATE TABLE IF NOT EXISTS backend_calls (
    operation TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (operation, resource_type)
)

-- name: backend.count
INSERT INTO backend_calls (operation, resource_type, calls) VALUES ($1, $2, 1)
ON CONFLICT (operation, resource_type) DO UPDATE SET calls = backend_calls.calls + 1
RETURNING calls

-- name: backend.create
INSERT INTO backend_objects (token, resource_type, provider_resource_id, key_prefix, url,
    is_there, creates, deletes, created_at)
VALUES ($1, $2, $3, $4, $5, 1, 1, 0, $6)
ON CONFLICT (token) DO UPDATE
SET creates = backend_objects.creates + 1, is_there = 1,
    created_at = CASE WHEN backend_objects.is_there = 1 THEN backend_objects.created_at
        ELSE excluded.created_at END
RETURNING provider_resource_id, key_prefix, url

-- name: backend.delete
UPDATE backend_objects SET is_there = 0, deletes = deletes + 1 WHERE token = $1

-- name: backend.probe
SELECT provider_resource_id, is_there FROM backend_objects WHERE url = $1

-- name: backend.list
SELECT token, resource_type, created_at FROM backend_objects WHERE is_there = 1 ORDER BY token
