-- One row for each mail that is to be sent, exactly once as its recipient sees it.
CREATE TABLE jobs (
    id              INTEGER PRIMARY KEY,
    recipient       TEXT    NOT NULL,
    body            TEXT    NOT NULL,
    status          TEXT    NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent')),
    -- Counts the claims. Whoever claims a job takes the next number, and settles under that number only.
    attempt         INTEGER NOT NULL DEFAULT 0,
    worker          TEXT,
    leased_until_ms INTEGER NOT NULL DEFAULT 0,
    -- The attempt that sent the mail, and what the mailer answered it.
    settled_attempt INTEGER,
    receipt         TEXT
);

CREATE INDEX jobs_pending ON jobs (leased_until_ms, id) WHERE status = 'pending';
