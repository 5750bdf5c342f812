-- +goose Up
-- Requests that were carried out without an event that would tell. Not in the log and not rebuilt.
CREATE TABLE idempotency_keys (
    command_id  uuid        PRIMARY KEY,
    fingerprint text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
