-- +goose Up
-- One row per user; a step is done when its time is set. Attempts and errors of the steps that are not done stand in
-- the job queue.
CREATE TABLE onboarding (
    user_id     uuid        PRIMARY KEY,
    position    bigint      NOT NULL,
    created_at  timestamptz,
    mail_wanted boolean     NOT NULL,
    trial_at    timestamptz,
    profile_at  timestamptz,
    role_at     timestamptz,
    mail_at     timestamptz,
    token_at    timestamptz
) WITH (fillfactor = 60);

-- +goose Down
DROP TABLE onboarding;
