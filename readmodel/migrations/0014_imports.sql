-- +goose Up
-- Imports that clients asked for, and how far they are. Not in the log and not rebuilt: an import that is lost here
-- before it is done has to be sent again. Holds no personal data, but what is sealed.
CREATE TABLE imports (
    import_id        uuid        PRIMARY KEY,
    actor_kind       text        NOT NULL,
    actor_id         text        NOT NULL,
    correlation_id   uuid        NOT NULL,
    traceparent      text        NOT NULL,
    accepted_at      timestamptz NOT NULL,
    started_at       timestamptz,
    finished_at      timestamptz,
    gave_up          boolean     NOT NULL DEFAULT false,
    total            int         NOT NULL,
    created          int         NOT NULL DEFAULT 0,
    failed           int         NOT NULL DEFAULT 0,
    -- How far the log came by its users.
    commit_position  bigint      NOT NULL DEFAULT 0,
    prepare_position bigint      NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX imports_unfinished ON imports (accepted_at) WHERE finished_at IS NULL;
CREATE INDEX imports_finished ON imports (finished_at) WHERE finished_at IS NOT NULL;

-- The rows of an import, many to one row of this table. sealed holds those that wait, encrypted under a key of the
-- server's secret; it is emptied in the transaction that writes their results, which hold ids and codes only.
CREATE TABLE import_chunks (
    import_id uuid  NOT NULL REFERENCES imports ON DELETE CASCADE,
    first_row int   NOT NULL,
    last_row  int   NOT NULL,
    sealed    bytea,
    results   text,
    PRIMARY KEY (import_id, first_row)
) WITH (fillfactor = 70);
ALTER TABLE import_chunks ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX import_chunks_waiting ON import_chunks (import_id, first_row) WHERE sealed IS NOT NULL;

-- +goose Down
DROP TABLE import_chunks;
DROP TABLE imports;
