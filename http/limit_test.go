package http_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"am-user-management/commands"
	amhttp "am-user-management/http"
	"am-user-management/internal/email"
	"am-user-management/internal/limiter"
	"am-user-management/internal/password"
	"am-user-management/projections"
)

const (
	wrongAda = `{"email":"ada@example.org","password":"wrong horse"}`
	rightAda = `{"email":"ada@example.org","password":"correct horse"}`
)

func TestR6LockoutSaysHowLongItLasts(t *testing.T) {
	h := newHouse(t)
	h.verified()
	for _, address := range []string{"ada@example.org", "nobody@example.org"} { // known or not, the answers are the same
		body := strings.Replace(wrongAda, "ada@", address[:strings.Index(address, "@")+1], 1)
		for range 10 {
			h.call(http.MethodPost, "/login", body).problem(http.StatusUnauthorized, "account.invalid-credentials")
		}
		locked := h.call(http.MethodPost, "/login", body).problem(http.StatusTooManyRequests, "account.locked")
		if got := locked.header.Get("Retry-After"); got != "900" {
			t.Errorf("%s: Retry-After: %s", address, got)
		}
	}
	h.pass(14*time.Minute + 500*time.Millisecond)
	spelling := strings.Replace(rightAda, "ada@example.org", " ADA@Example.ORG", 1)
	locked := h.call(http.MethodPost, "/login", spelling).problem(http.StatusTooManyRequests, "account.locked")
	if got := locked.header.Get("Retry-After"); got != "60" {
		t.Errorf("with the right password: Retry-After: %s", got)
	}
	h.pass(time.Minute)
	h.call(http.MethodPost, "/login", rightAda).want(http.StatusOK)
}

func TestR6AHeaderOfTheClientIsNoSource(t *testing.T) {
	for name, trusted := range map[string][]netip.Prefix{
		"no proxy is trusted": nil,
		"another one is":      {netip.MustParsePrefix("10.0.0.0/8")},
		"the proxy is":        {netip.MustParsePrefix("192.0.2.1/32")}, // it is where the requests of these tests come from
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(d *amhttp.Deps) { d.TrustedProxies = trusted })
			h.verified()
			headers := []string{"", "junk", "198.51.100.%d, junk", "%d", "[::%d", ", ,", "1.2.3.4.%d", "-%d"}
			for i := range 10 {
				forwarded := fmt.Sprintf(strings.ReplaceAll(headers[i%len(headers)], "%d", "%[1]d"), i)
				forwarded, _, _ = strings.Cut(forwarded, "%!")
				h.call(http.MethodPost, "/login", wrongAda, "X-Forwarded-For", forwarded, "X-Real-Ip", fmt.Sprint("203.0.113.", i)).want(http.StatusUnauthorized)
			}
			h.call(http.MethodPost, "/login", rightAda, "X-Forwarded-For", "junk", "Forwarded", "for=203.0.113.99").problem(http.StatusTooManyRequests, "account.locked")
		})
	}
}

func TestR6ManyAccountsFromOnePlaceAreRefused(t *testing.T) {
	h := newHouse(t)
	h.verified()
	h.login()
	for i := range 100 {
		h.call(http.MethodPost, "/login", fmt.Sprintf(`{"email":"n%d@example.org","password":"wrong horse"}`, i)).want(http.StatusUnauthorized)
	}
	refused := h.call(http.MethodPost, "/login", `{"email":"n@example.org","password":"wrong horse"}`).problem(http.StatusTooManyRequests, "request.too-many")
	if got := refused.header.Get("Retry-After"); got != "900" {
		t.Errorf("Retry-After: %s", got)
	}
	h.login() // a neighbour who logged in here before is not hurt
}

func TestR6WithoutCountsNobodyLogsIn(t *testing.T) {
	h := newHouse(t)
	h.verified()
	if _, err := h.pool.Exec(t.Context(), `ALTER TABLE attempts RENAME TO gone`); err != nil {
		t.Fatal(err)
	}
	h.call(http.MethodPost, "/login", rightAda).problem(http.StatusServiceUnavailable, "request.limiter-unavailable")
	h.call(http.MethodPost, "/verify-email/resend", `{"email":"ada@example.org"}`).problem(http.StatusServiceUnavailable, "request.limiter-unavailable")
}

// slotsOnly makes accounts with a hash made before, and proves passwords as the service does.
type slotsOnly struct {
	*password.Hasher
	hash string
}

func (s slotsOnly) Hash(context.Context, string) (string, error) { return s.hash, nil }

const (
	r4Logins = 200
	r4Slots  = 2
	r4Wait   = 2 * time.Second
	r4Memory = 19456 // KiB
	// r4Ballast is how many hashes' worth of memory the hasher has counted, and as much garbage more is let gather for it.
	r4Ballast = 4
)

func TestR4AFloodOfLoginsIsAnsweredWithinBounds(t *testing.T) {
	var deps amhttp.Deps
	h := newHouse(t, func(d *amhttp.Deps) { deps = *d })
	hasher, err := password.New(password.Options{
		Params: password.Params{MemoryKiB: r4Memory, Time: 2, Parallelism: 1}, MinLength: 8, Slots: r4Slots, MaxWait: r4Wait,
	})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := hasher.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	config := h.pool.Config().Copy()
	config.MaxConns = 16 // as the service has
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	service := commands.New(commands.Dependencies{
		Store: h.log, Inline: projections.Inline(pool), Passwords: slotsOnly{hasher, hash}, Clock: time.Now,
		Limiter:   limiter.New(pool, []byte("secret"), limiter.Rules{Attempts: 10, Lock: time.Minute}, time.Now),
		ClaimOf:   func(normal string) string { return email.Claim([]byte("pepper"), normal) },
		ValidZone: func(string) bool { return true },
		Settings:  commands.Settings{SessionAbsoluteTTL: time.Hour, SessionIdleTTL: time.Hour},
	})
	deps.Commands, deps.Clock, deps.Deadline, deps.Metrics = service, time.Now, 20*time.Second, prometheus.NewRegistry()
	if h.server, err = amhttp.New(deps); err != nil {
		t.Fatal(err)
	}
	for i := range r4Logins {
		h.call(http.MethodPost, "/users", fmt.Sprintf(`{"email":"u%d@example.org","password":"correct horse"}`, i)).want(http.StatusCreated)
	}

	defer service.Settle()
	late, share := flood(t, h)
	if most := r4Wait + time.Duration(float64(100*time.Millisecond)/share); late > most {
		t.Errorf("the last 503 came after %s; want no more than %s with %.0f %% of the machine", late, most, 100*share)
	}
}

// flood sends all logins at once, checks the answers and the memory, and returns when the last 503 came, and what share of
// its processors the process had meanwhile: what else runs on the machine is not the service's fault.
func flood(t *testing.T, h *house) (late time.Duration, share float64) {
	t.Helper()
	runtime.GC()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() { peak <- peakHeap(stop) }()
	began, used := time.Now(), processorTime(t)
	var mu sync.Mutex
	var answers, refusals int
	var all sync.WaitGroup
	for i := range r4Logins {
		all.Go(func() {
			start := time.Now()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login",
				strings.NewReader(fmt.Sprintf(`{"email":"u%d@example.org","password":"correct horse"}`, i)))
			r.Header.Set("Content-Type", "application/json")
			r.RemoteAddr = fmt.Sprintf("203.0.113.%d:4711", i)
			w := httptest.NewRecorder()
			h.server.Public().ServeHTTP(w, r)
			took := time.Since(start)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case w.Code == http.StatusOK:
				answers++
			case w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") != "":
				refusals++
				late = max(late, took)
			default:
				t.Errorf("login %d: %d %s", i, w.Code, w.Body)
			}
		})
	}
	all.Wait()
	close(stop)
	heap := <-peak
	share = min(1, float64(processorTime(t)-used)/float64(runtime.GOMAXPROCS(0))/float64(time.Since(began)))
	if answers < r4Slots || answers+refusals != r4Logins || refusals == 0 {
		t.Errorf("%d logins and %d refusals", answers, refusals)
	}
	// As much garbage as there are live blocks and ballast, and the rest of the house.
	if most := uint64(2*(r4Slots+r4Ballast)*r4Memory<<10 + 96<<20); heap > most {
		t.Errorf("the heap had %d MiB, want no more than %d", heap>>20, most>>20)
	}
	t.Logf("%d logins and %d refusals, the last one after %s; the heap had %d MiB; %.0f %% of the machine",
		answers, refusals, late, heap>>20, 100*share)
	return late, share
}

// processorTime is what this process had of the machine so far.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakHeap is the most that the heap had until stop.
func peakHeap(stop <-chan struct{}) (most uint64) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		most = max(most, stats.HeapInuse)
		select {
		case <-ticker.C:
		case <-stop:
			return most
		}
	}
}
