-- +goose Up
-- A role is held and inherited by its id, which a deletion uses up: grants and inherits hold ids. The row of a deleted
-- role stays, without an id, so that its name can be used again under another one. No role was deleted so far.
ALTER TABLE roles ADD COLUMN life bigint NOT NULL DEFAULT 0, ADD COLUMN id text;
UPDATE roles SET id = name;
CREATE INDEX roles_id ON roles (id);

-- +goose Down
ALTER TABLE roles DROP COLUMN id, DROP COLUMN life;
