-- +goose Up
-- Every projected row carries the revision and the log position of the last event applied to it: they make a
-- redelivered event a no-op. Personal text stands in the clear here and is NULL where it was never given or was erased.
-- The fill factors leave room for the changes that a row usually sees, so that these don't touch the indexes.
CREATE TABLE accounts (
    user_id     uuid        PRIMARY KEY,
    revision    bigint      NOT NULL,
    position    bigint      NOT NULL,
    -- A registration that was aborted has a row, for its revision, with the status ABORTED: no query shows it.
    status      text        NOT NULL,
    email       text,
    phone       text,
    verified_at timestamptz,
    created_at  timestamptz NOT NULL
) WITH (fillfactor = 85);

-- Claims on addresses: what the reaper of unfinished registrations looks through. settled tells that the account that
-- the claim was made for exists.
CREATE TABLE email_claims (
    claim_key  text        PRIMARY KEY,
    position   bigint      NOT NULL,
    owner      uuid,
    settled    boolean     NOT NULL,
    claimed_at timestamptz NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX email_claims_orphans ON email_claims (claimed_at, claim_key) WHERE owner IS NOT NULL AND NOT settled;

-- +goose Down
DROP TABLE email_claims;
DROP TABLE accounts;
