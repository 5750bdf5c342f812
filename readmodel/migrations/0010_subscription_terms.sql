-- +goose Up
ALTER TABLE subscriptions
    ADD COLUMN next_plan_id text,
    ADD COLUMN price_minor  bigint,
    ADD COLUMN currency     text,
    ADD COLUMN interval     text,
    ADD COLUMN expired_at   timestamptz,
    -- When the timer has to come by: NULL once the subscription is over.
    ADD COLUMN due_at       timestamptz;

-- Until now there were trials only, and no timer.
UPDATE subscriptions SET due_at = expires_at;

CREATE INDEX subscriptions_due ON subscriptions (due_at, user_id) WHERE due_at IS NOT NULL;

-- +goose Down
DROP INDEX subscriptions_due;
ALTER TABLE subscriptions
    DROP COLUMN next_plan_id, DROP COLUMN price_minor, DROP COLUMN currency, DROP COLUMN interval,
    DROP COLUMN expired_at, DROP COLUMN due_at;
