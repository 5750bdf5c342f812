package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A thousand changes, each read back at once with its token, while the projector is held up at random.
func TestAReadWithTheTokenOfAWriteNeverMissesIt(t *testing.T) {
	const writers, changes = 8, 125
	w := newWorld(t)
	p := w.start()
	users := make([]user, writers)
	for i := range users {
		users[i] = w.signUp(p, fmt.Sprintf("reader%d@example.org", i))
		eventually(t, "the profile is there", func() bool { return p.onboarded(t, users[i]) })
	}
	ctx, stop := context.WithCancel(t.Context())
	held := holdUp(ctx, t, w.pool(w.database), "profiles")

	var group sync.WaitGroup
	for _, u := range users {
		group.Go(func() {
			for i := range changes {
				bio := fmt.Sprintf("change %d", i)
				changed := p.must(t, 200, "PATCH", "/profile", fmt.Sprintf(`{"bio":%q}`, bio), u.auth()...)
				token := changed.header.Get("Consistency-Token")
				read := p.must(t, 200, "GET", "/profile", "", append(u.auth(), "Consistency-Token", token)...)
				if got := read.get("bio"); got != bio {
					t.Errorf("%s: read %q after writing %q", u.email, got, bio)
				}
			}
		})
	}
	group.Wait()
	stop()
	t.Logf("%d changes read back, the projector held up %d times", writers*changes, <-held)
}

// What a saga makes of a new user is a part of what the token of the creation promises, however late the saga is.
func TestAReadWithTheTokenOfACreationWaitsForTheSaga(t *testing.T) {
	w := newWorld(t, "BOOTSTRAP_ADMIN_EMAIL=root@example.org", "BOOTSTRAP_ADMIN_PASSWORD="+password)
	p := w.start()
	admin := p.logIn(t, "root@example.org")
	ctx, stop := context.WithCancel(t.Context())
	held := holdUp(ctx, t, w.pool(w.database), "saga-onboarding")
	for i := range 25 {
		created := p.must(t, 201, "POST", "/admin/users",
			fmt.Sprintf(`{"email":"new%d@example.org","password":%q,"first_name":"Ada","status":"ACTIVE"}`, i, password), admin.auth()...)
		read := append(admin.auth(), "Consistency-Token", created.header.Get("Consistency-Token"), "Prefer", "wait=10")
		if name := p.must(t, 200, "GET", "/users/"+created.get("id")+"/profile", "", read...).get("first_name"); name != "Ada" {
			t.Errorf("read %q", name)
		}
	}
	stop()
	t.Logf("the saga was held up %d times", <-held)
}

// Whoever signs up may go on at once: a change of what the saga makes waits for it, without a token, too.
func TestAChangeRightAfterACreationWaitsForTheSaga(t *testing.T) {
	w := newWorld(t, "BOOTSTRAP_ADMIN_EMAIL=root@example.org", "BOOTSTRAP_ADMIN_PASSWORD="+password)
	p := w.start()
	admin := p.logIn(t, "root@example.org")
	ctx, stop := context.WithCancel(t.Context())
	held := holdUp(ctx, t, w.pool(w.database), "saga-onboarding")
	for i := range 20 {
		email := fmt.Sprintf("new%d@example.org", i)
		p.must(t, 201, "POST", "/admin/users", fmt.Sprintf(`{"email":%q,"password":%q,"status":"ACTIVE"}`, email, password), admin.auth()...)
		them := p.logIn(t, email)
		if i%2 == 0 {
			p.must(t, 200, "PATCH", "/profile", `{"bio":"hello"}`, append(them.auth(), "Idempotency-Key", email)...)
		} else {
			p.must(t, 200, "POST", "/subscription/cancel", ``, them.auth()...)
		}
	}
	stop()
	t.Logf("the saga was held up %d times", <-held)
}

// holdUp locks the checkpoint of a projection at random until ctx ends, and then tells how often.
func holdUp(ctx context.Context, t *testing.T, pool *pgxpool.Pool, projection string) <-chan int {
	t.Helper()
	done := make(chan int, 1)
	go func() {
		times := 0
		defer func() { done <- times }()
		for ctx.Err() == nil {
			tx, err := pool.Begin(ctx)
			if err != nil {
				return
			}
			if _, err := tx.Exec(ctx, `SELECT 1 FROM checkpoints WHERE projection = $1 FOR UPDATE`, projection); err == nil {
				times++
			}
			wait(ctx, rand.N(60*time.Millisecond))
			tx.Rollback(context.Background())
			wait(ctx, rand.N(20*time.Millisecond))
		}
	}()
	return done
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
