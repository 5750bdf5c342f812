-- +goose Up
CREATE TABLE profiles (
    user_id     uuid        PRIMARY KEY,
    revision    bigint      NOT NULL,
    position    bigint      NOT NULL,
    first_name  text,
    last_name   text,
    bio         text,
    picture_url text,
    timezone    text        NOT NULL,
    locale      text        NOT NULL,
    -- The text of a JSON object, '' for the empty one, NULL if it was erased. Not jsonb: that refuses escapes which
    -- JSON allows, and an event must never be refused.
    metadata    text,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
) WITH (fillfactor = 85);

-- +goose Down
DROP TABLE profiles;
