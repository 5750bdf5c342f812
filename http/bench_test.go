package http_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
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
		Tokens: tokens, Logger: slog.New(slog.NewJSONHandler(&discard{}, nil)), Clock: time.Now, Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	serve(b, server.Internal(), httptest.NewRequest(http.MethodGet, "/healthz", nil))
}

// parallel sends one request from many goroutines, over and over.
func parallel(b *testing.B, handler http.Handler, path, bearer string) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
		r.Header.Set("Authorization", bearer)
		w := &discard{}
		for pb.Next() {
			w.header = make(http.Header, 8)
			handler.ServeHTTP(w, r)
		}
	})
}

// BenchmarkReadCeiling is the least that a read can cost: a router, a row by its key, JSON.
func BenchmarkReadCeiling(b *testing.B) {
	h := newHouse(b)
	id := h.verified()
	h.onboarded(id)
	h.project()
	e := echo.New()
	e.GET("/profile", func(c echo.Context) error {
		var p struct {
			ID                                                uuid.UUID
			FirstName, LastName, Bio, Picture, Zone, Language *string
			Metadata                                          *string
			Updated                                           time.Time
		}
		if err := h.pool.QueryRow(c.Request().Context(), `SELECT user_id, first_name, last_name, bio, picture_url, timezone, locale,
			metadata, updated_at FROM profiles WHERE user_id = $1`, [16]byte(uuid.MustParse(id))).
			Scan((*[16]byte)(&p.ID), &p.FirstName, &p.LastName, &p.Bio, &p.Picture, &p.Zone, &p.Language, &p.Metadata, &p.Updated); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, p)
	})
	parallel(b, e, "/profile", "")
}

// BenchmarkOwnProfile is the same with everything: session, account status, freshness, log, metrics, headers.
func BenchmarkOwnProfile(b *testing.B) {
	h := newHouse(b, func(d *amhttp.Deps) { d.Logger = slog.New(slog.NewJSONHandler(&discard{}, nil)) })
	bearer := h.loggedIn()
	h.project()
	h.call(http.MethodGet, "/profile", "", "Authorization", bearer).want(http.StatusOK)
	parallel(b, h.server.Public(), "/profile", bearer)
}
