package http_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	amhttp "am-user-management/http"
	"am-user-management/internal/token"
)

// discard is the cheapest response writer, so that a benchmark measures what is in front of it.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

func serve(b *testing.B, handler http.Handler, r *http.Request) {
	b.Helper()
	b.ReportAllocs()
	w := &discard{}
	for b.Loop() {
		w.header = make(http.Header, 8)
		handler.ServeHTTP(w, r)
	}
}

// BenchmarkBareEcho is what the chain is compared with: the difference is what every request pays for being named,
// secured, logged, counted, bounded in time and kept from ending the process.
func BenchmarkBareEcho(b *testing.B) {
	e := echo.New()
	e.GET("/healthz", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, []byte(`{"status":"ok"}`)) })
	serve(b, e, httptest.NewRequest(http.MethodGet, "/healthz", nil))
}

func BenchmarkChain(b *testing.B) {
	tokens, err := token.New([]byte("a server secret of 32 bytes, not fewer"))
	if err != nil {
		b.Fatal(err)
	}
	server, err := amhttp.New(amhttp.Deps{
		Tokens: tokens, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)), Clock: time.Now, Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	serve(b, server.Internal(), httptest.NewRequest(http.MethodGet, "/healthz", nil))
}
