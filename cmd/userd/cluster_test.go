package main_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/internal/node/clustertest"
)

// A service at a cluster that loses its leader, its lines, its quorum and all its members, while clients write and send
// again what was not acknowledged: every command is carried out once, and the process is the one that was started. The
// client gives up soon here and dies, which in a service with usual settings takes minutes. OUTAGE=90s lengthens the
// time without any member.
func TestAServiceOutlivesTheTroublesOfItsCluster(t *testing.T) {
	outage := time.Second
	if text := os.Getenv("OUTAGE"); text != "" {
		var err error
		if outage, err = time.ParseDuration(text); err != nil {
			t.Fatal("OUTAGE: ", err)
		}
	}
	cluster := clustertest.Start(t, 3)
	w := newWorld(t, "PUBLIC_URL=http://localhost:8080", "MAIL_FROM=users@example.org", "EVENTSTORE_URL="+cluster.URL(
		"maxDiscoverAttempts=3", "gossipTimeout=1", "keepAliveTimeout=1000"))
	p, err := w.launch("serve")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	p.ready["eventstore"] = cluster.Node.Address // the history is read past the cluster

	load := &persistence{p: p, stop: make(chan struct{})}
	for i := range 4 {
		u := w.signUp(p, fmt.Sprintf("writer%d@example.org", i))
		eventually(t, "the profile is there", func() bool { return p.onboarded(t, u) })
		load.writers = append(load.writers, u)
	}
	load.start()

	leader := func(number int) *clustertest.Member {
		cluster.Lead(number)
		return cluster.Members[number]
	}
	t.Log("the leader changes, the one before it stays")
	load.progress(t, leader(1))
	t.Log("the leader is killed")
	cluster.Members[1].Kill()
	load.progress(t, leader(2))
	t.Log("connections break again and again, on a slow line")
	for range 20 {
		cluster.Members[2].Slow(5 * time.Millisecond)
		load.await(t, "something is acknowledged", 1)
		cluster.Members[2].Cut()
	}
	cluster.Members[2].Heal()
	t.Log("the leader is there, but says no more")
	cluster.Members[2].Freeze()
	load.progress(t, leader(0))
	t.Log("there is no quorum")
	cluster.LoseQuorum(true)
	load.refusals(t)
	cluster.LoseQuorum(false)
	load.progress(t, cluster.Members[0])
	t.Logf("nobody is there for %s", outage)
	for _, m := range cluster.Members {
		m.Kill()
	}
	over := time.After(outage)
	load.refusals(t)
	<-over
	for _, m := range cluster.Members {
		m.Heal()
	}
	load.progress(t, leader(1))

	accounts, changes := load.finish()
	t.Logf("%d sign-ups and %d changes were acknowledged, %d answers were refusals", accounts, changes, load.refused.Load())
	select {
	case <-p.exited:
		t.Fatal("the service ended: ", p.errors.String())
	default:
	}
	load.check(t, w, accounts)
	checkHistory(t, w, p)
	w.checkRebuild(p)
	eventually(t, "the service is ready", func() bool {
		got, err := call("GET", p.internal+"/readyz", "")
		return err == nil && got.status == 200
	})
}

// persistence is what writes and does not give up.
type persistence struct {
	p       *process
	writers []user
	stop    chan struct{}
	group   sync.WaitGroup

	accounts              atomic.Int64   // acknowledged
	changes               []atomic.Int64 // acknowledged, by writer
	acknowledged, refused atomic.Int64
}

func (l *persistence) start() {
	l.changes = make([]atomic.Int64, len(l.writers))
	for i, u := range l.writers {
		l.group.Go(func() {
			for number := 1; !closed(l.stop); number++ {
				l.insist("PATCH", "/profile", fmt.Sprintf(`{"bio":"%d"}`, number), 200, u.auth()...)
				l.changes[i].Store(int64(number))
			}
		})
	}
	for signer := range 2 {
		l.group.Go(func() {
			for number := 0; !closed(l.stop); number++ {
				body := fmt.Sprintf(`{"email":"person%d-%d@example.org","password":%q}`, signer, number, password)
				l.insist("POST", "/users", body, 201)
				l.accounts.Add(1)
			}
		})
	}
}

// insist sends a command again, under its one key, until it is acknowledged: as a client has to who was told to come
// back, or nothing.
func (l *persistence) insist(method, path, body string, want int, headers ...string) {
	headers = append([]string{"Idempotency-Key", body}, headers...)
	for {
		got, err := call(method, l.p.public+path, body, headers...)
		switch {
		case err == nil && got.status == want:
			l.acknowledged.Add(1)
			return
		case err == nil && got.status < 500:
			panic(fmt.Sprintf("%s %s: %d %s", method, path, got.status, got.body))
		}
		l.refused.Add(1)
		pause := 50 * time.Millisecond
		if seconds, err := strconv.Atoi(got.header.Get("Retry-After")); err == nil {
			pause = time.Duration(seconds) * time.Second
		}
		rest := time.NewTimer(pause)
		<-rest.C
	}
}

// await waits until so much more is acknowledged.
func (l *persistence) await(t *testing.T, what string, more int64) {
	t.Helper()
	from := l.acknowledged.Load()
	eventually(t, what, func() bool { return l.acknowledged.Load() >= from+more })
}

// progress waits until every writer's command gets through to a member, and some more.
func (l *persistence) progress(t *testing.T, through *clustertest.Member) {
	t.Helper()
	before := through.Appends()
	l.await(t, "commands are acknowledged", 50)
	if through.Appends() == before {
		t.Error("the leader saw none of it")
	}
}

// refusals waits until somebody was told to come back, or that the outcome is not known.
func (l *persistence) refusals(t *testing.T) {
	t.Helper()
	from := l.refused.Load()
	eventually(t, "commands are refused", func() bool { return l.refused.Load() >= from+6 })
}

func (l *persistence) finish() (accounts, changes int64) {
	close(l.stop)
	l.group.Wait()
	for i := range l.changes {
		changes += l.changes[i].Load()
	}
	return l.accounts.Load(), changes
}

// check wants everything acknowledged in the log exactly once, in order.
func (l *persistence) check(t *testing.T, w *world, accounts int64) {
	t.Helper()
	bios, created := map[string][]string{}, int64(0)
	for _, e := range w.history(l.p) {
		switch event := e.Event.(type) {
		case profile.ProfileUpdated:
			if event.Bio != nil {
				user := strings.TrimPrefix(e.Stream, "profile-")
				bios[user] = append(bios[user], event.Bio.Text())
			}
		case account.UserCreated:
			created++
		}
	}
	if want := accounts + int64(len(l.writers)); created != want {
		t.Errorf("%d accounts in the log, %d were acknowledged", created, want)
	}
	for i, u := range l.writers {
		written := bios[u.id]
		if int64(len(written)) != l.changes[i].Load() {
			t.Errorf("%s: %d changes in the log, %d were acknowledged", u.email, len(written), l.changes[i].Load())
		}
		for n, bio := range written {
			if bio != strconv.Itoa(n+1) {
				t.Errorf("%s: change %d is %s", u.email, n+1, bio)
			}
		}
	}
}
