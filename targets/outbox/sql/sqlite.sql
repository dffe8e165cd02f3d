-- The statements of the pipeline, for SQLite. Those that end in VALUES are the heads of inserts of many rows.

-- name: commands.find
SELECT aggregate_type, aggregate_id, version FROM processed_commands WHERE command_id = $1

-- name: commands.record
INSERT INTO processed_commands (command_id, aggregate_type, aggregate_id, version, processed_at)
VALUES ($1, $2, $3, $4, $5)

-- name: snapshots.load
SELECT version, codec, state FROM aggregate_snapshots
WHERE aggregate_type = $1 AND aggregate_id = $2

-- name: snapshots.save
INSERT INTO aggregate_snapshots (aggregate_type, aggregate_id, version, codec, state, taken_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
SET version = excluded.version, codec = excluded.codec, state = excluded.state,
    taken_at = excluded.taken_at

-- name: events.load
SELECT sequence, event_type, event_version, codec, payload, recorded_at FROM aggregate_events
WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence >= $3
ORDER BY sequence

-- name: events.version
SELECT COALESCE(MAX(sequence), 0) FROM aggregate_events
WHERE aggregate_type = $1 AND aggregate_id = $2

-- name: events.append
INSERT INTO aggregate_events (aggregate_type, aggregate_id, sequence, event_type, event_version,
    codec, payload, command_id, correlation_id, recorded_at) VALUES

-- name: outbox.enqueue
INSERT INTO outbox_messages (message_id, event_type, payload, codec, codec_version, destination,
    metadata, status, created_at, next_available_at, source_type, source_id, source_sequence,
    correlation_id, causation_id) VALUES

-- name: entries.append
INSERT INTO account_entries (entry_id, account_id, sequence, amount) VALUES

-- name: accounts.save
INSERT INTO accounts (account_id, owner, balance, version, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id) DO UPDATE
SET owner = excluded.owner, balance = excluded.balance, version = excluded.version,
    updated_at = excluded.updated_at

-- name: outbox.claimable
SELECT message_id, status, attempts FROM outbox_messages
WHERE (status = 'pending' AND next_available_at <= $1)
   OR (status = 'in_flight' AND (claimed_until IS NULL OR claimed_until <= $2))
ORDER BY created_at, message_id
LIMIT $3

-- name: outbox.claim
UPDATE outbox_messages
SET status = 'in_flight', claimed_by = $3, claimed_until = $4, attempts = attempts + $5
WHERE message_id = $6 AND attempts = $7
  AND ((status = 'pending' AND next_available_at <= $1)
    OR (status = 'in_flight' AND (claimed_until IS NULL OR claimed_until <= $2)))
RETURNING attempts, event_type, payload, codec, codec_version, destination, metadata, source_type,
    source_id, source_sequence, correlation_id, causation_id

-- name: outbox.bury
UPDATE outbox_messages
SET status = 'failed', claimed_by = NULL, claimed_until = NULL, failed_at = $3,
    last_error = $4 || COALESCE('; before that: ' || last_error, '')
WHERE message_id = $5 AND attempts = $6
  AND ((status = 'pending' AND next_available_at <= $1)
    OR (status = 'in_flight' AND (claimed_until IS NULL OR claimed_until <= $2)))

-- name: outbox.complete
UPDATE outbox_messages
SET status = 'published', claimed_by = NULL, claimed_until = NULL, published_at = $1,
    last_error = NULL
WHERE message_id = $2 AND claimed_by = $3 AND attempts = $4 AND status = 'in_flight'
  AND claimed_until > $1

-- name: outbox.release
UPDATE outbox_messages
SET status = 'pending', claimed_by = NULL, claimed_until = NULL, next_available_at = $5,
    last_error = $6
WHERE message_id = $2 AND claimed_by = $3 AND attempts = $4 AND status = 'in_flight'
  AND claimed_until > $1

-- name: outbox.fail
UPDATE outbox_messages
SET status = 'failed', claimed_by = NULL, claimed_until = NULL, failed_at = $1, last_error = $5
WHERE message_id = $2 AND claimed_by = $3 AND attempts = $4 AND status = 'in_flight'
  AND claimed_until > $1

-- name: inbox.receive
INSERT INTO consumer_inbox (consumer, message_id, outcome, received_at)
VALUES ($1, $2, 'applied', $3)
ON CONFLICT (consumer, message_id) DO NOTHING

-- name: inbox.dead_letter
INSERT INTO consumer_inbox (consumer, message_id, outcome, error, received_at)
VALUES ($1, $2, 'dead', $3, $4)
ON CONFLICT (consumer, message_id) DO NOTHING

-- name: totals.apply
INSERT INTO consumer_totals (account_id, total, applied, last_note) VALUES ($1, $2, 1, $3)
ON CONFLICT (account_id) DO UPDATE
SET total = consumer_totals.total + excluded.total, applied = consumer_totals.applied + 1,
    last_note = COALESCE(excluded.last_note, consumer_totals.last_note)
