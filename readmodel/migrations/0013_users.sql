-- +goose Up
-- Users as administrators list and search them: account, names and roles in one row, so that a page is one scan. What
-- the indexes order by changes with an address or a name only: the other changes of a row stay within its page. A user
-- who is not listed has no created_at and no terms: nobody signed up under the id yet, or the account was erased.
CREATE TABLE users (
    user_id     uuid        PRIMARY KEY,
    position    bigint      NOT NULL,
    status      text        NOT NULL,
    resumes     text        NOT NULL, -- the status that a reactivation leads to
    email       text,
    phone       text,
    verified_at timestamptz,
    created_at  timestamptz,
    first_name  text,
    last_name   text,
    -- The id of a role to when it expires, or null.
    roles       jsonb       NOT NULL,
    -- What a prefix is compared with: see internal/term. by_family is the name the other way round, if that is another.
    by_email    text COLLATE "C",
    by_given    text COLLATE "C",
    by_family   text COLLATE "C",
    -- The users that somebody looks for among many others.
    inactive    boolean GENERATED ALWAYS AS (status = 'INACTIVE') STORED,
    elevated    boolean GENERATED ALWAYS AS (roles - 'viewer' <> '{}') STORED
) WITH (fillfactor = 70);
CREATE INDEX users_newest    ON users (created_at, user_id) WHERE created_at IS NOT NULL;
CREATE INDEX users_by_email  ON users (by_email, user_id)   WHERE by_email IS NOT NULL;
CREATE INDEX users_by_given  ON users (by_given, user_id)   WHERE by_given IS NOT NULL;
CREATE INDEX users_by_family ON users (by_family, user_id)  WHERE by_family IS NOT NULL;
-- The same of few users each.
CREATE INDEX inactive_users_newest    ON users (created_at, user_id) WHERE created_at IS NOT NULL AND inactive;
CREATE INDEX inactive_users_by_email  ON users (by_email, user_id)   WHERE by_email IS NOT NULL AND inactive;
CREATE INDEX inactive_users_by_given  ON users (by_given, user_id)   WHERE by_given IS NOT NULL AND inactive;
CREATE INDEX inactive_users_by_family ON users (by_family, user_id)  WHERE by_family IS NOT NULL AND inactive;
CREATE INDEX elevated_users_newest    ON users (created_at, user_id) WHERE created_at IS NOT NULL AND elevated;
CREATE INDEX elevated_users_by_email  ON users (by_email, user_id)   WHERE by_email IS NOT NULL AND elevated;
CREATE INDEX elevated_users_by_given  ON users (by_given, user_id)   WHERE by_given IS NOT NULL AND elevated;
CREATE INDEX elevated_users_by_family ON users (by_family, user_id)  WHERE by_family IS NOT NULL AND elevated;

-- +goose Down
DROP TABLE users;
