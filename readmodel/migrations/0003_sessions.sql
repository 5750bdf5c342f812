-- +goose Up
CREATE TABLE sessions (
    session_id   uuid        PRIMARY KEY,
    revision     bigint      NOT NULL,
    position     bigint      NOT NULL,
    user_id      uuid        NOT NULL,
    secret_hash  bytea       NOT NULL,
    ip           text,
    user_agent   text,
    started_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    idle_seconds bigint      NOT NULL,
    ended_at     timestamptz
) WITH (fillfactor = 90);
-- Not unique: 256 random bits do not repeat, and a second unique index would make two writers of one new row collide
-- (the command and the projector) where ON CONFLICT arbitrates the first.
CREATE INDEX sessions_secret ON sessions (secret_hash);
CREATE INDEX sessions_open ON sessions (user_id, started_at) WHERE ended_at IS NULL;

-- When a session was last used, to the minute. Not in the log and not rebuilt: without it a session counts as unused
-- since its start. Rows are rewritten often, hence the room in the pages.
CREATE TABLE session_activity (
    session_id   uuid        PRIMARY KEY,
    last_seen_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- +goose Down
DROP TABLE session_activity;
DROP TABLE sessions;
