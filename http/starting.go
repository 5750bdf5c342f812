package http

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// Starting answers while there is no Server yet, because what it is made of has to be waited for: the process is alive
// and not ready, and every other request is to be sent again. From Become on it hands requests on. It is safe for
// concurrent use.
type Starting struct {
	waits  atomic.Pointer[Check]
	routes map[Listener]http.Handler
	became atomic.Pointer[map[Listener]http.Handler]
}

// NewStarting makes a Starting that waits for nothing in particular. The stopwatch measures how long requests take.
func NewStarting(logger *slog.Logger, stopwatch func() time.Time) (*Starting, error) {
	starting := &Starting{}
	starting.Wait("start", "has begun")
	s := &Server{logger: logger, stopwatch: stopwatch, ready: starting.checks, modules: map[Module]bool{Core: true}, deadline: healthDeadline}
	if err := s.registerMetrics(prometheus.NewRegistry()); err != nil {
		return nil, err
	}
	starting.routes = map[Listener]http.Handler{Public: s.mountStarting(Public), Internal: s.mountStarting(Internal)}
	return starting, nil
}

// healthDeadline bounds what answers without asking anybody.
const healthDeadline = time.Second

// mountStarting builds one listener of the health routes and a refusal of all others.
func (s *Server) mountStarting(listener Listener) *echo.Echo {
	e := echo.New()
	e.Use(s.observe(listener))
	for _, route := range s.Routes() {
		if route.Listener == listener && slices.Contains([]string{"/healthz", "/readyz"}, route.Path) {
			e.Match([]string{http.MethodGet, http.MethodHead}, route.Path, s.endpoint(route))
		}
	}
	e.RouteNotFound("/*", func(echo.Context) error { return errBusy })
	return e
}

// Wait notes what is waited for, and why it is not there; /readyz tells.
func (s *Starting) Wait(name, fault string) { s.waits.Store(&Check{Name: name, Fault: fault}) }

func (s *Starting) checks(context.Context) []Check { return []Check{*s.waits.Load()} }

// Become hands all later requests on.
func (s *Starting) Become(public, internal http.Handler) {
	s.became.Store(&map[Listener]http.Handler{Public: public, Internal: internal})
}

// Handler is that of a listener, before and after.
func (s *Starting) Handler(listener Listener) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers := s.routes
		if became := s.became.Load(); became != nil {
			handlers = *became
		}
		handlers[listener].ServeHTTP(w, r)
	})
}
