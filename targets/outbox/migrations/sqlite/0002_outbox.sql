-- Messages on their way out, and on the other side the receipts of those that came in.

CREATE TABLE outbox_messages (
    message_id TEXT NOT NULL PRIMARY KEY,
    event_type TEXT NOT NULL,
    payload TEXT NOT NULL,
    codec TEXT NOT NULL,
    codec_version BIGINT NOT NULL,
    destination TEXT NOT NULL,
    metadata TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'in_flight', 'published', 'failed')),
    created_at BIGINT NOT NULL,
    next_available_at BIGINT NOT NULL,
    claimed_by TEXT,
    claimed_until BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    last_error TEXT,
    published_at BIGINT,
    failed_at BIGINT,
    source_type TEXT NOT NULL,
    source_id TEXT NOT NULL,
    source_sequence BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    causation_id TEXT NOT NULL,
    -- A status is what its columns say, in every row at every time.
    CHECK (
        (status = 'pending' AND claimed_by IS NULL AND claimed_until IS NULL
            AND published_at IS NULL AND failed_at IS NULL)
        OR (status = 'in_flight' AND claimed_by IS NOT NULL AND claimed_until IS NOT NULL
            AND published_at IS NULL AND failed_at IS NULL)
        OR (status = 'published' AND claimed_by IS NULL AND claimed_until IS NULL
            AND published_at IS NOT NULL AND failed_at IS NULL)
        OR (status = 'failed' AND claimed_by IS NULL AND claimed_until IS NULL
            AND published_at IS NULL AND failed_at IS NOT NULL)
    )
);

CREATE INDEX outbox_messages_open ON outbox_messages (created_at, message_id)
    WHERE status IN ('pending', 'in_flight');

CREATE TABLE consumer_inbox (
    consumer TEXT NOT NULL,
    message_id TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('applied', 'dead')),
    error TEXT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (consumer, message_id),
    CHECK ((outcome = 'dead') = (error IS NOT NULL))
);

CREATE TABLE consumer_totals (
    account_id TEXT NOT NULL PRIMARY KEY,
    total BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    last_note TEXT CHECK (length(last_note) <= 64)
);
