package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/internal/keyring"
	"am-user-management/internal/keyring/keyringtest"
	"am-user-management/internal/pgtest"
)

var kek = bytes.Repeat([]byte{7}, 32)

// clock is moved by hand.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time       { return time.Unix(1e9, 0).Add(time.Duration(c.passed.Load())) }
func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }

func migrated(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.New(t)
	if err := keyring.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return pool
}

func openRing(t testing.TB, pool *pgxpool.Pool, now func() time.Time) *keyring.Ring {
	t.Helper()
	ring, err := keyring.Open(t.Context(), pool, kek, now)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestRing(t *testing.T) {
	pool := migrated(t)
	keyringtest.Run(t, func(t *testing.T) keyringtest.Ring { return openRing(t, pool, new(clock).now) })
}

// TestRingOnTwoInstances runs the suite on two instances that never share a cache.
func TestRingOnTwoInstances(t *testing.T) {
	pool := migrated(t)
	keyringtest.Run(t, func(t *testing.T) keyringtest.Ring {
		impatient := func() time.Time { return time.Now().Add(time.Hour * time.Duration(ticks.Add(1))) }
		return &alternating{rings: [2]*keyring.Ring{openRing(t, pool, impatient), openRing(t, pool, impatient)}}
	})
}

var ticks atomic.Int64

// alternating sends every other call to another instance.
type alternating struct {
	calls atomic.Int64
	rings [2]*keyring.Ring
}

func (a *alternating) next() *keyring.Ring { return a.rings[a.calls.Add(1)%2] }

func (a *alternating) Active(ctx context.Context, subjects ...domain.ID) ([]keyring.Key, error) {
	return a.next().Active(ctx, subjects...)
}

func (a *alternating) ByID(ctx context.Context, ids ...domain.ID) ([]keyring.Key, error) {
	return a.next().ByID(ctx, ids...)
}

func (a *alternating) Destroy(ctx context.Context, subject domain.ID) error {
	return a.next().Destroy(ctx, subject)
}

func TestWrongKEKIsToldBeforeItDoesHarm(t *testing.T) {
	pool := migrated(t)
	openRing(t, pool, time.Now)
	other := bytes.Repeat([]byte{8}, 32)
	if _, err := keyring.Open(t.Context(), pool, other, time.Now); !errors.Is(err, keyring.ErrWrongKEK) {
		t.Errorf("another key: %v", err)
	}
	if _, err := keyring.Open(t.Context(), pool, kek[:16], time.Now); err == nil {
		t.Error("a short key was taken")
	}
}

func TestOtherInstancesUseADestroyedKeyForAMinuteAtMost(t *testing.T) {
	pool := migrated(t)
	var hand clock
	here, there := openRing(t, pool, hand.now), openRing(t, pool, hand.now)
	person := domain.ID(uuid.New())
	keys, err := here.Active(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	if err := there.Destroy(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	hand.pass(time.Minute - 1)
	if keys, err := here.ByID(t.Context(), keys[0].ID); err != nil || keys[0].Destroyed {
		t.Errorf("within the minute: the cache is not used, %v", err)
	}
	hand.pass(1)
	if keys, err := here.ByID(t.Context(), keys[0].ID); err != nil || !keys[0].Destroyed {
		t.Errorf("after the minute: %v", err)
	}
	if _, err := here.Active(t.Context(), person); !errors.Is(err, keyring.ErrDestroyed) {
		t.Errorf("after the minute: %v", err)
	}
}

func TestForgottenKeyIsReadAgain(t *testing.T) {
	pool := migrated(t)
	var hand clock
	here, there := openRing(t, pool, hand.now), openRing(t, pool, hand.now)
	person := domain.ID(uuid.New())
	keys, err := here.Active(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	if err := there.Destroy(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	here.Forget(person)
	if keys, err := here.ByID(t.Context(), keys[0].ID); err != nil || !keys[0].Destroyed {
		t.Errorf("after Forget: %v", err)
	}
}

func TestKeysAreWrappedAndTombstonesStay(t *testing.T) {
	pool := migrated(t)
	ring := openRing(t, pool, time.Now)
	person, other := domain.ID(uuid.New()), domain.ID(uuid.New())
	if _, err := ring.Active(t.Context(), person, other); err != nil {
		t.Fatal(err)
	}
	// A row swapped for another one's opens nothing: the wrapping is bound to the key's id.
	_, err := pool.Exec(t.Context(), `UPDATE keyring.keys k SET wrapped = o.wrapped FROM keyring.keys o
		WHERE k.subject = $1 AND o.subject = $2`, person.String(), other.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openRing(t, pool, time.Now).Active(t.Context(), person); !errors.Is(err, keyring.ErrSealed) {
		t.Errorf("a swapped key: %v", err)
	}
	if err := ring.Destroy(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`DELETE FROM keyring.keys WHERE subject = $1`,
		`UPDATE keyring.keys SET state = 'active', wrapped = 'x', destroyed_at = NULL WHERE subject = $1`,
	} {
		if _, err := pool.Exec(t.Context(), statement, person.String()); err == nil {
			t.Errorf("%s was possible", statement)
		}
	}
}

func TestInstancesMigrateTogether(t *testing.T) {
	pool := pgtest.New(t)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if err := keyring.Migrate(t.Context(), pool); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func BenchmarkCachedKeys(b *testing.B) {
	ring := openRing(b, migrated(b), time.Now)
	keys, err := ring.Active(b.Context(), domain.ID{1}, domain.ID{2}, domain.ID{3})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.ByID(b.Context(), keys[0].ID, keys[1].ID, keys[2].ID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewKey(b *testing.B) {
	ring := openRing(b, migrated(b), time.Now)
	for b.Loop() {
		if _, err := ring.Active(b.Context(), domain.ID(uuid.New())); err != nil {
			b.Fatal(err)
		}
	}
}
