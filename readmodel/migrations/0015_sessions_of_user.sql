-- +goose Up
-- All sessions of a user, also those that ended: an erasure makes their rows anew.
CREATE INDEX sessions_user ON sessions (user_id);

-- +goose Down
DROP INDEX sessions_user;
