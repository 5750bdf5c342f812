package http

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// observer is what there is to know beforehand about the requests of one route: the beginning of their line in the
// log, and their place in the metrics.
type observer struct {
	log       slog.Handler
	durations prometheus.ObserverVec
}

func (s *Server) observer(listener Listener, method, route string) *observer {
	return &observer{
		log: s.logger.Handler().WithAttrs([]slog.Attr{
			slog.String("listener", string(listener)), slog.String("method", method), slog.String("route", route),
		}),
		durations: s.durations.MustCurryWith(prometheus.Labels{"listener": string(listener), "method": method, "route": route}),
	}
}

// observe is around every request, also of paths that do not exist: it names the request, answers errors as problems,
// keeps a panic from ending the process, and tells log and metrics what happened. It is one middleware and not five,
// because all of it is paid by every request.
func (s *Server) observe(listener Listener) echo.MiddlewareFunc {
	stranger := s.observer(listener, "other", "none") // what strangers try must not become labels
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			began := s.stopwatch()
			header := ec.Request().Header
			c := &call{Context: ec, server: s, observer: stranger, requestID: requestID(header), traceparent: traceparent(header)}
			s.beginSpan(c)
			c.secure()
			err, code := s.survive(next, c), ""
			if err != nil && !ec.Response().Committed {
				code = c.refuse(err)
			}
			c.record(began, s.stopwatch(), code, err)
			c.endSpan(code)
			return nil
		}
	}
}

// survive calls the handler. A panic becomes an error: the request fails, the process lives.
func (s *Server) survive(next echo.HandlerFunc, c *call) (err error) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			panic(cause) // net/http's own way to drop a connection
		default:
			err = &panicError{cause: cause, stack: debug.Stack()}
		}
	}()
	return next(c)
}

// panicError is a defect of this program.
type panicError struct {
	cause any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.cause, e.stack) }

// record counts a request and writes the one line about it. It tells which route was called and how it went; not by
// whom, not with what.
func (c *call) record(began, ended time.Time, code string, err error) {
	response, took := c.Response(), ended.Sub(began)
	c.observer.durations.WithLabelValues(strconv.Itoa(response.Status)).Observe(took.Seconds())

	level := slog.LevelInfo
	switch {
	case response.Status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case response.Status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	ctx := c.Request().Context()
	if !c.observer.log.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(ended, level, "request", 0) // without the place in the program: it is always this one
	line.AddAttrs(slog.String("request_id", c.requestID), slog.Int("status", response.Status),
		slog.Int64("bytes", response.Size), slog.Int64("us", took.Microseconds()))
	if c.traceparent != "" {
		line.AddAttrs(slog.String("traceparent", c.traceparent))
	}
	if code != "" {
		line.AddAttrs(slog.String("problem", code))
	}
	if err != nil && level > slog.LevelInfo {
		line.AddAttrs(slog.String("cause", err.Error()))
	}
	_ = c.observer.log.Handle(ctx, line) // as slog.Logger does: there is nobody to tell
}

// The headers that are the same in every answer. The slices are shared: nobody appends to a header of these names.
var (
	noSniff          = []string{"nosniff"}
	noStore          = []string{"no-store"}
	noReferrer       = []string{"no-referrer"}
	noContent        = []string{"default-src 'none'; frame-ancestors 'none'"}
	onlyHTTPS        = []string{"max-age=31536000"}
	durationsBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
)

func (c *call) secure() {
	header := c.Response().Header()
	c.set("X-Request-Id", c.requestID)
	header["X-Content-Type-Options"] = noSniff
	header["Cache-Control"] = noStore
	header["Referrer-Policy"] = noReferrer
	header["Content-Security-Policy"] = noContent
	header["Strict-Transport-Security"] = onlyHTTPS
}

func (s *Server) registerMetrics(registry *prometheus.Registry) error {
	s.durations = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds", Help: "How long requests took, by route pattern.", Buckets: durationsBuckets,
	}, []string{"listener", "method", "route", "status"})
	s.exposed = promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
	return registry.Register(s.durations)
}

// metrics answers GET /metrics.
func (s *Server) metrics(_ context.Context, c *call) error {
	s.exposed.ServeHTTP(c.Response(), c.Request())
	return nil
}
