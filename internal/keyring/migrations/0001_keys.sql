-- +goose Up
CREATE TABLE keyring.keys (
    id           uuid PRIMARY KEY,
    subject      uuid NOT NULL UNIQUE,
    state        text NOT NULL CHECK (state IN ('active', 'destroyed')),
    wrapped      bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((state = 'active') = (wrapped IS NOT NULL)),
    CHECK ((state = 'destroyed') = (destroyed_at IS NOT NULL))
);
COMMENT ON TABLE keyring.keys IS 'One key per person or credential, wrapped by the key-encryption key. Cannot be rebuilt: back it up.';
COMMENT ON COLUMN keyring.keys.id IS 'Random, so that the log, which names it, does not tell the subject.';

-- A text encrypted by the key-encryption key, to tell a wrong one before it does harm.
CREATE TABLE keyring.proof (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    wrapped bytea NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION keyring.keep_tombstones() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'key % was destroyed; it stays destroyed, and it stays known', OLD.id;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER keep_tombstones BEFORE UPDATE OR DELETE ON keyring.keys
    FOR EACH ROW WHEN (OLD.state = 'destroyed') EXECUTE FUNCTION keyring.keep_tombstones();
