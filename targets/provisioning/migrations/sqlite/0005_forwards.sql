-- name: migrate.0005
-- Which audits were mailed to the customers that they concern.
CREATE TABLE IF NOT EXISTS forwards (
    kind TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    forwarded_at BIGINT NOT NULL,
    PRIMARY KEY (kind, resource_id)
);
