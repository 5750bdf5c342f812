package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
)

// Ring keeps keys in Postgres, each wrapped by the key-encryption key (AES-256-GCM, bound to the key's id), so that
// a copy of the database alone opens nothing. It may be used from many goroutines and many processes. Open makes it.
//
// Keys stay in memory for up to a minute: that long another instance may go on using a key that was destroyed,
// unless it is told by Forget.
type Ring struct {
	pool  *pgxpool.Pool
	kek   Key
	cache *cache
	made  *gathering
}

// proof is the text by which a key-encryption key is known again.
const proof = "am-user-management key ring"

// Open returns the ring in the pool's database, which Migrate has prepared. kek is the key-encryption key, 32 bytes;
// now is the clock of the cache. A ring that was made with another key-encryption key is ErrWrongKEK.
func Open(ctx context.Context, pool *pgxpool.Pool, kek []byte, now func() time.Time) (*Ring, error) {
	wrapper, err := NewKey(domain.ID{}, kek)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	wrapped, err := wrapper.Seal(nil, []byte(proof), nil)
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, `INSERT INTO keyring.proof (wrapped) VALUES ($1) ON CONFLICT DO NOTHING`, wrapped); err != nil {
		return nil, err
	}
	if err := pool.QueryRow(ctx, `SELECT wrapped FROM keyring.proof`).Scan(&wrapped); err != nil {
		return nil, err
	}
	if text, err := wrapper.Open(nil, wrapped, nil); err != nil || string(text) != proof {
		return nil, ErrWrongKEK
	}
	cache, err := newCache(now)
	if err != nil {
		return nil, err
	}
	r := &Ring{pool: pool, kek: wrapper, cache: cache}
	r.made = &gathering{fetch: r.findOrMake}
	return r, nil
}

// Active returns a key for each subject, in their order, and makes those that are missing. If one of them was
// destroyed it returns ErrDestroyed. Other errors are those of the database.
func (r *Ring) Active(ctx context.Context, subjects ...domain.ID) ([]Key, error) {
	keys := make([]Key, len(subjects))
	if missing := r.cache.bySubjects(subjects, keys); len(missing) > 0 {
		found, err := r.made.get(ctx, missing)
		if err != nil {
			return nil, err
		}
		for i, subject := range subjects {
			if keys[i].ID.IsZero() {
				keys[i] = found[subject].key
			}
		}
	}
	for _, key := range keys {
		if key.Destroyed {
			return nil, ErrDestroyed
		}
	}
	return keys, nil
}

// ByID returns the keys of these ids, in their order; destroyed ones are marked. A missing one is an
// *UnknownKeyError. Other errors are those of the database.
func (r *Ring) ByID(ctx context.Context, ids ...domain.ID) ([]Key, error) {
	keys := make([]Key, len(ids))
	missing, epoch := r.cache.byIDs(ids, keys)
	if len(missing) == 0 {
		return keys, nil
	}
	found, err := r.read(ctx, `SELECT id, subject, state, wrapped FROM keyring.keys WHERE id = ANY($1)`, uuids(missing))
	if err != nil {
		return nil, err
	}
	r.cache.keep(found, epoch)
	byID := make(map[domain.ID]Key, len(found))
	for _, h := range found {
		byID[h.key.ID] = h.key
	}
	for i, id := range ids {
		if !keys[i].ID.IsZero() {
			continue
		}
		key, ok := byID[id]
		if !ok {
			return nil, &UnknownKeyError{ID: id}
		}
		keys[i] = key
	}
	return keys, nil
}

// Destroy destroys the subject's key for ever; a subject without one can have none from now on. Doing it again
// changes nothing, so that the list of the erased can be applied to a restored backup.
func (r *Ring) Destroy(ctx context.Context, subject domain.ID) error {
	defer r.cache.forget(subject)
	_, err := r.pool.Exec(ctx, `
		INSERT INTO keyring.keys AS k (id, subject, state, destroyed_at) VALUES ($1, $2, 'destroyed', now())
		ON CONFLICT (subject) DO UPDATE SET state = 'destroyed', wrapped = NULL, destroyed_at = now()
		WHERE k.state = 'active'`, [16]byte(newID()), [16]byte(subject))
	return err
}

// Forget drops the subject's key from memory: another instance destroyed it.
func (r *Ring) Forget(subject domain.ID) { r.cache.forget(subject) }

// findOrMake reads the subjects' keys, makes the missing ones in one statement, and keeps them all in memory. Keys that another transaction
// made at the same moment are neither made nor seen by it; they are seen the next time.
func (r *Ring) findOrMake(ctx context.Context, subjects []domain.ID) ([]held, error) {
	epoch := r.cache.started()
	ids, wrapped := make([]domain.ID, len(subjects)), make([][]byte, len(subjects))
	for i := range subjects {
		key, secret, err := newKey()
		if err != nil {
			return nil, err
		}
		if wrapped[i], err = r.kek.Seal(nil, secret, key.ID[:]); err != nil {
			return nil, err
		}
		ids[i] = key.ID
		clear(secret)
	}
	for range 3 {
		found, err := r.read(ctx, `
			WITH given AS (
				SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS g (id, subject, wrapped)
			), made AS (
				INSERT INTO keyring.keys (id, subject, state, wrapped)
				SELECT id, subject, 'active', wrapped FROM given ORDER BY subject
				ON CONFLICT (subject) DO NOTHING
				RETURNING id, subject, state, wrapped
			)
			SELECT id, subject, state, wrapped FROM made
			UNION ALL
			SELECT k.id, k.subject, k.state, k.wrapped FROM keyring.keys k JOIN given USING (subject)`,
			uuids(ids), uuids(subjects), wrapped)
		if err != nil {
			return nil, err
		}
		if len(found) == len(subjects) {
			r.cache.keep(found, epoch)
			return found, nil
		}
	}
	return nil, errors.New("the keys of some subjects can be neither made nor read")
}

func (r *Ring) read(ctx context.Context, query string, arguments ...any) ([]held, error) {
	rows, err := r.pool.Query(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	loaded := r.cache.now()
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (held, error) {
		var id, subject [16]byte
		var state string
		var wrapped []byte
		if err := row.Scan(&id, &subject, &state, &wrapped); err != nil {
			return held{}, err
		}
		h := held{key: Key{ID: id, Destroyed: state == "destroyed"}, subject: subject, loaded: loaded}
		if h.key.Destroyed {
			return h, nil
		}
		secret, err := r.kek.Open(nil, wrapped, id[:])
		if err != nil {
			return held{}, fmt.Errorf("key %s: %w", h.key.ID, err)
		}
		h.key, err = NewKey(id, secret)
		clear(secret)
		return h, err
	})
}

func uuids(ids []domain.ID) [][16]byte {
	out := make([][16]byte, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}
