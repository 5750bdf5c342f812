-- +goose Up
-- How far each projection has come in the log, who may advance it, and the event that stopped it, if any.
-- Written by internal/feed in the transaction that writes the projection's rows.
CREATE TABLE checkpoints (
    projection       text        PRIMARY KEY,
    commit_position  bigint      NOT NULL DEFAULT 0,
    prepare_position bigint      NOT NULL DEFAULT 0,
    epoch            bigint      NOT NULL DEFAULT 0,
    owner            text,
    lease_until      timestamptz,
    halted_at        timestamptz,
    halted_event     uuid,
    halted_position  bigint,
    halted_error     text,
    updated_at       timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE checkpoints;
