-- What the mailer keeps on its own disk, for SQLite.

-- name: mailer.table
CREATE TABLE IF NOT EXISTS mails (
    mail_id TEXT NOT NULL PRIMARY KEY,
    team TEXT NOT NULL,
    kind TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    posts BIGINT NOT NULL
)

-- name: mailer.accept
INSERT INTO mails (mail_id, team, kind, resource_id, posts) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (mail_id) DO UPDATE SET posts = mails.posts + 1
