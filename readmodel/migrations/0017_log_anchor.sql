-- +goose Up
-- An event that the tables were made from, by its place in the log: how a log is told from another one, or from what it
-- was before a restore. One row. Written by internal/feed.
CREATE TABLE log_anchor (
    one_row          boolean     PRIMARY KEY DEFAULT true CHECK (one_row),
    commit_position  bigint      NOT NULL,
    prepare_position bigint      NOT NULL,
    event            uuid        NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE log_anchor;
