-- +goose Up
CREATE TABLE plans (
    plan_id     text        PRIMARY KEY,
    revision    bigint      NOT NULL,
    position    bigint      NOT NULL,
    name        text        NOT NULL,
    price_minor bigint      NOT NULL,
    currency    text        NOT NULL,
    interval    text        NOT NULL,
    features    text[]      NOT NULL,
    rank        bigint      NOT NULL
);

CREATE TABLE subscriptions (
    user_id              uuid        PRIMARY KEY,
    revision             bigint      NOT NULL,
    position             bigint      NOT NULL,
    plan_id              text        NOT NULL,
    trial                boolean     NOT NULL,
    trial_ends_at        timestamptz,
    expires_at           timestamptz NOT NULL,
    auto_renew           boolean     NOT NULL,
    cancel_at_period_end boolean     NOT NULL,
    cancelled_at         timestamptz
);

-- +goose Down
DROP TABLE subscriptions;
DROP TABLE plans;
