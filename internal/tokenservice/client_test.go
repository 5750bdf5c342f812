package tokenservice_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/internal/tokenservice"
)

const key = "canary-token-service-key"

var user, effect = domain.ID{15: 1}, domain.ID{15: 2}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, options tokenservice.Options) *tokenservice.Client {
	t.Helper()
	if options.Key == "" {
		options.Key = key
	}
	c, err := tokenservice.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestRepeatedCallIsOneEffect(t *testing.T) {
	stub := tokenservice.NewStub(key)
	c := client(t, tokenservice.Options{URL: serve(t, stub) + "/"})
	for range 2 {
		if err := c.Issue(t.Context(), effect, user, "user_created"); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Revoke(t.Context(), domain.ID{15: 3}, user, "password_changed"); err != nil {
		t.Fatal(err)
	}
	want := []tokenservice.Call{
		{Path: "/internal/v1/tokens", Effect: effect.String(), UserID: user, Reason: "user_created"},
		{Path: "/internal/v1/tokens/revoke", Effect: domain.ID{15: 3}.String(), UserID: user, Reason: "password_changed"},
	}
	if got := stub.Effects(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] || stub.Calls() != 3 {
		t.Errorf("%d calls, effects %v, want %v", stub.Calls(), got, want)
	}
	if call, err := stub.Wait(t.Context(), user); err != nil || call != want[0] {
		t.Errorf("Wait = %v, %v", call, err)
	}
}

// TestACrowdKeepsItsConnections: jobs make 128 calls at once, again and again.
func TestACrowdKeepsItsConnections(t *testing.T) {
	const crowd, rounds = 128, 3
	var together sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait() // each call needs a connection to itself
		write(w, "{}")
	}))
	var opened atomic.Int32
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := client(t, tokenservice.Options{URL: server.URL})
	for range rounds {
		together.Add(crowd)
		var calls sync.WaitGroup
		for range crowd {
			calls.Go(func() {
				if err := c.Issue(t.Context(), effect, user, "user_created"); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
	}
	if n := opened.Load(); n < crowd || n > crowd+crowd/4 { // a call may open one just before another gives one back
		t.Errorf("%d connections for %d calls at once", n, crowd)
	}
}

func TestSameKeyForAnotherRequestIsPermanent(t *testing.T) {
	c := client(t, tokenservice.Options{URL: serve(t, tokenservice.NewStub(key))})
	if err := c.Issue(t.Context(), effect, user, "user_created"); err != nil {
		t.Fatal(err)
	}
	if err := c.Issue(t.Context(), effect, domain.ID{15: 9}, "user_created"); !errors.Is(err, tokenservice.ErrPermanent) {
		t.Errorf("Issue = %v, want ErrPermanent", err)
	}
}

func TestStatusesAreTyped(t *testing.T) {
	for status, permanent := range map[int]bool{
		400: true, 409: true, 410: true, 422: true,
		301: false, 307: false, 401: false, 403: false, 404: false, 408: false, 425: false, 429: false, 500: false, 503: false,
	} {
		stub := tokenservice.NewStub(key)
		stub.Refuse(func(tokenservice.Call) int { return status })
		err := client(t, tokenservice.Options{URL: serve(t, stub)}).Issue(t.Context(), effect, user, "user_created")
		failed, ok := errors.AsType[*tokenservice.CallError](err)
		if !ok || failed.Status != status || failed.Permanent() != permanent || errors.Is(err, tokenservice.ErrPermanent) != permanent {
			t.Errorf("%d: %v, want permanent %v", status, err, permanent)
		}
	}
}

func TestWrongKeyIsTransientAndNotShown(t *testing.T) {
	c := client(t, tokenservice.Options{URL: serve(t, tokenservice.NewStub("another-key"))})
	err := c.Issue(t.Context(), effect, user, "user_created")
	if err == nil || errors.Is(err, tokenservice.ErrPermanent) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Issue = %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached atomic.Bool
	other := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	c := client(t, tokenservice.Options{URL: serve(t, http.RedirectHandler(other, http.StatusTemporaryRedirect))})
	if err := c.Issue(t.Context(), effect, user, "user_created"); err == nil || reached.Load() {
		t.Errorf("Issue = %v, the other host was reached: %v", err, reached.Load())
	}
}

func TestStrangeAnswersAreTransient(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"junk":    func(w http.ResponseWriter, _ *http.Request) { write(w, "<html>welcome to the hotel</html>") },
		"endless": func(w http.ResponseWriter, _ *http.Request) { write(w, `"`+strings.Repeat("x", 1<<20)+`"`) },
		"slow": func(w http.ResponseWriter, r *http.Request) {
			write(w, `{`)
			_ = http.NewResponseController(w).Flush()
			untilGone(r)
		},
		"silent": func(_ http.ResponseWriter, r *http.Request) { untilGone(r) },
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, tokenservice.Options{URL: serve(t, handler), Timeout: 100 * time.Millisecond})
			if err := c.Issue(t.Context(), effect, user, "user_created"); err == nil || errors.Is(err, tokenservice.ErrPermanent) {
				t.Errorf("Issue = %v, want a transient error", err)
			}
		})
	}
}

func TestEmptyAnswerIsAccepted(t *testing.T) {
	c := client(t, tokenservice.Options{URL: serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))})
	if err := c.Issue(t.Context(), effect, user, "user_created"); err != nil {
		t.Error(err)
	}
}

func TestBreakerPausesAndRecovers(t *testing.T) {
	stub := tokenservice.NewStub(key)
	stub.Refuse(func(tokenservice.Call) int { return http.StatusInternalServerError })
	const pause = 50 * time.Millisecond
	c := client(t, tokenservice.Options{URL: serve(t, stub), BreakAfter: 2, BreakFor: pause})
	for range 2 {
		if err := c.Issue(t.Context(), effect, user, "user_created"); errors.Is(err, tokenservice.ErrPaused) {
			t.Fatal("paused too early")
		}
	}
	stub.Refuse(nil)
	broken := time.Now()
	err := c.Issue(t.Context(), effect, user, "user_created")
	if !errors.Is(err, tokenservice.ErrPaused) && time.Since(broken) < pause/2 {
		t.Fatalf("Issue = %v, want ErrPaused", err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; { // each try is refused at once until the pause is over
		if err = c.Issue(t.Context(), effect, user, "user_created"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the service is back, and still: %v", err)
		}
	}
}

func TestCancelledCallsDoNotBreak(t *testing.T) {
	stub := tokenservice.NewStub(key)
	c := client(t, tokenservice.Options{URL: serve(t, stub), BreakAfter: 1, BreakFor: time.Hour})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		if err := c.Issue(over, effect, user, "user_created"); !errors.Is(err, context.Canceled) {
			t.Fatalf("Issue = %v", err)
		}
	}
	if err := c.Issue(t.Context(), effect, user, "user_created"); err != nil {
		t.Errorf("our own shutdown must not count against the service: %v", err)
	}
}

func TestNewRefusesWhatItCannotCall(t *testing.T) {
	for _, url := range []string{"", "tokens", "ftp://tokens", "http://u:p@tokens", "http://tokens?x=1"} {
		if _, err := tokenservice.New(tokenservice.Options{URL: url, Key: key}); err == nil {
			t.Errorf("New accepts %q", url)
		}
	}
	if _, err := tokenservice.New(tokenservice.Options{URL: "http://tokens"}); err == nil {
		t.Error("New accepts an empty key")
	}
}

// untilGone returns when the client hangs up, which the server notices once the body is read.
func untilGone(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func write(w http.ResponseWriter, text string) { _, _ = w.Write([]byte(text)) }
