-- +goose Up
-- All sessions of a user end at once by a higher epoch of the account: no session is touched. resumes is the status that
-- a reactivation leads to.
ALTER TABLE accounts
    ADD COLUMN resumes       text   NOT NULL DEFAULT 'ACTIVE',
    ADD COLUMN session_epoch bigint NOT NULL DEFAULT 0,
    ADD COLUMN kept_session  uuid,
    ADD COLUMN locked_until  timestamptz;
ALTER TABLE sessions ADD COLUMN epoch bigint NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE sessions DROP COLUMN epoch;
ALTER TABLE accounts DROP COLUMN locked_until, DROP COLUMN kept_session, DROP COLUMN session_epoch, DROP COLUMN resumes;
