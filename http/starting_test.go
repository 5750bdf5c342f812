package http_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	amhttp "am-user-management/http"
)

// TestWhileItStartsTheServiceIsAliveAndTellsWhatItWaitsFor, and refuses the rest until it has become a server.
func TestWhileItStartsTheServiceIsAliveAndTellsWhatItWaitsFor(t *testing.T) {
	starting, err := amhttp.NewStarting(slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	starting.Wait("the store", "is away")
	for _, c := range []struct {
		listener     amhttp.Listener
		method, path string
		status       int
		says         string
	}{
		{amhttp.Internal, "GET", "/healthz", 200, `"status":"ok"`},
		{amhttp.Internal, "HEAD", "/healthz", 200, ""},
		{amhttp.Internal, "GET", "/readyz", 503, `{"name":"the store","fault":"is away"}`},
		{amhttp.Internal, "POST", "/readyz", 503, "/problems/request.unavailable"},
		{amhttp.Internal, "GET", "/metrics", 503, "/problems/request.unavailable"},
		{amhttp.Public, "GET", "/healthz", 503, "/problems/request.unavailable"},
		{amhttp.Public, "POST", "/users", 503, "/problems/request.unavailable"},
		{amhttp.Public, "GET", "/", 503, "/problems/request.unavailable"},
	} {
		answer := httptest.NewRecorder()
		starting.Handler(c.listener).ServeHTTP(answer, httptest.NewRequest(c.method, c.path, nil))
		if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.says) || answer.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s %s of the %s listener: %d %v %s", c.method, c.path, c.listener, answer.Code, answer.Header(), answer.Body)
		}
		if c.status == 503 && c.says == "/problems/request.unavailable" && answer.Header().Get("Retry-After") == "" {
			t.Errorf("%s %s does not say when to come again", c.method, c.path)
		}
	}
	teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	starting.Become(teapot, teapot)
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		answer := httptest.NewRecorder()
		if starting.Handler(listener).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/healthz", nil)); answer.Code != http.StatusTeapot {
			t.Errorf("%s: what it became is not asked: %d", listener, answer.Code)
		}
	}
}
