-- +goose Up
-- Which stream a projection is halted at: only that one need be parked.
ALTER TABLE checkpoints ADD COLUMN halted_stream text;

-- Streams that a projection leaves alone, from an event on that it could not apply, until it is rebuilt.
CREATE TABLE parked_streams (
    projection text        NOT NULL,
    stream     text        NOT NULL,
    event_id   uuid        NOT NULL,
    position   bigint      NOT NULL, -- of the event
    error      text        NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, stream)
);

-- The last rebuild of each table: who works on it, how far it is, and what came of it.
CREATE TABLE rebuilds (
    projection  text        PRIMARY KEY,
    owner       text        NOT NULL,
    started_at  timestamptz NOT NULL,
    renewed_at  timestamptz NOT NULL,
    position    bigint      NOT NULL DEFAULT 0,
    finished_at timestamptz,
    repaired    bigint      NOT NULL DEFAULT 0, -- rows
    removed     bigint      NOT NULL DEFAULT 0, -- rows
    error       text
);

-- Tables are made anew in a schema beside the one they are read from.
-- +goose StatementBegin
DO $$ BEGIN EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', current_schema() || '_rebuild'); END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', current_schema() || '_rebuild'); END $$;
-- +goose StatementEnd
DROP TABLE rebuilds, parked_streams;
ALTER TABLE checkpoints DROP COLUMN halted_stream;
