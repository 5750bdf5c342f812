package limiter_test

import (
	"errors"
	"testing"
	"time"

	"am-user-management/internal/limiter"
	"am-user-management/internal/limiter/limitertest"
	"am-user-management/internal/pgtest"
)

func TestPostgresKeepsTheRules(t *testing.T) {
	limitertest.Run(t, func(t *testing.T, now func() time.Time) func() *limiter.Limiter {
		pool := pgtest.New(t)
		return func() *limiter.Limiter { return limiter.New(pool, []byte("secret"), limitertest.Rules, now) }
	})
}

func TestMemoryKeepsTheRules(t *testing.T) {
	limitertest.Run(t, func(_ *testing.T, now func() time.Time) func() *limiter.Limiter {
		one := limiter.NewMemory(limitertest.Rules, now)
		return func() *limiter.Limiter { return one }
	})
}

func TestR6WithoutItsTableNothingIsTried(t *testing.T) {
	pool := pgtest.New(t)
	counts := limiter.New(pool, []byte("secret"), limitertest.Rules, time.Now)
	pool.Close()
	if admitted, err := counts.Attempt(t.Context(), "ada", "192.0.2.1"); admitted || !errors.Is(err, limiter.ErrUnreachable) {
		t.Errorf("admitted %t, %v", admitted, err)
	}
	if may, err := counts.Mail(t.Context(), "reset", "ada", "192.0.2.1"); may || !errors.Is(err, limiter.ErrUnreachable) {
		t.Errorf("mail %t, %v", may, err)
	}
}

func TestSweepForgetsWhatSaysNothing(t *testing.T) {
	pool, clock := pgtest.New(t), &limitertest.Clock{}
	counts := limiter.New(pool, []byte("secret"), limitertest.Rules, clock.Now)
	for _, account := range []string{"ada", "bob"} {
		if admitted, err := counts.Attempt(t.Context(), account, "192.0.2.1"); err != nil || !admitted {
			t.Fatal(admitted, err)
		}
	}
	if err := counts.Proved(t.Context(), "ada", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		passed time.Duration
		rows   int
	}{
		{0, 5}, // two accounts, one source, each account from there
		{3 * time.Hour, 2},
		{3 * 24 * time.Hour, 1}, // that ada is known where she logged in is kept the longest
		{30 * 24 * time.Hour, 0},
	} {
		clock.Pass(step.passed)
		if err := counts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM attempts`).Scan(&rows); err != nil || rows != step.rows {
			t.Errorf("%d rows after %s, want %d, %v", rows, step.passed, step.rows, err)
		}
	}
}
