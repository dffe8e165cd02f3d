-- The kinds of propagations that an upgrade may request, each with the migration that declares it: a release handles
-- the kinds of its own migrations. No row refers to them, because a newer release may enqueue what this one lacks.

CREATE TABLE propagation_kinds (
    kind TEXT NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL
);

INSERT INTO propagation_kinds (kind, since) VALUES ('limits_refresh', 4), ('tier_elevation', 4);
