-- +goose Up
-- How many tries at passwords, and wishes for mails, are left to an account, to a source and to an account from a source.
-- Not in the log and not rebuilt. The keys are keyed hashes: nobody can tell whose row is whose. A key of an account is
-- the beginning of its keys with sources.
CREATE TABLE attempts (
    key          bytea       PRIMARY KEY,
    -- Tries that may still fail until window_ends; those that are being looked at are taken off already.
    free         integer     NOT NULL,
    -- How many are being looked at, and when the last one of them began.
    open         integer     NOT NULL,
    opened_at    timestamptz NOT NULL,
    window_ends  timestamptz NOT NULL,
    -- How often the key was locked out in a row, and until when it is.
    locks        integer     NOT NULL DEFAULT 0,
    locked_until timestamptz,
    -- When the password was last right.
    proven_at    timestamptz,
    -- When the row says nothing any more. It is rounded, so that it seldom changes: it is indexed.
    expires_at   timestamptz NOT NULL
) WITH (fillfactor = 60);
CREATE INDEX attempts_expiry ON attempts (expires_at);

-- +goose Down
DROP TABLE attempts;
