//! An event store with a transactional outbox, as a pipeline to drill.
