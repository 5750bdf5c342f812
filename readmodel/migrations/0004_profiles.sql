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
    -- A JSON object, as text: jsonb refuses escapes that JSON allows, and an event must never be refused.
    metadata    text        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

-- +goose Down
DROP TABLE profiles;
