-- +goose Up
CREATE TABLE roles (
    name        text   PRIMARY KEY,
    revision    bigint NOT NULL,
    position    bigint NOT NULL,
    permissions text[] NOT NULL,
    inherits    text[] NOT NULL,
    built_in    boolean NOT NULL
);

-- grants is an array of {role, expires_at?, reason?, assigned_at}, in the order of the assignments.
CREATE TABLE access (
    user_id  uuid   PRIMARY KEY,
    revision bigint NOT NULL,
    position bigint NOT NULL,
    grants   jsonb  NOT NULL
) WITH (fillfactor = 85);

-- +goose Down
DROP TABLE access;
DROP TABLE roles;
