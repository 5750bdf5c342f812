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

// observe is around every request, also of paths that do not exist: it names the request, answers errors as problems,
// keeps a panic from ending the process, and tells log and metrics what happened. It is one middleware and not five,
// because all of it is paid by every request.
func (s *Server) observe(listener Listener) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			began := s.clock()
			header := ec.Request().Header
			c := &call{Context: ec, server: s, requestID: requestID(header), traceparent: traceparent(header)}
			secure(ec.Response().Header(), c.requestID)
			err, code := s.survive(next, c), ""
			if err != nil && !ec.Response().Committed {
				code = c.refuse(err)
			}
			s.record(c, listener, s.clock().Sub(began), code, err)
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

// record writes the one line about a request, and counts it. It tells which route was called and how it went; not by
// whom, not with what.
func (s *Server) record(c *call, listener Listener, took time.Duration, code string, err error) {
	request, response := c.Request(), c.Response()
	method, route := request.Method, c.Path()
	if c.route == nil && (code == errNoRoute.code || code == errMethod.code) {
		method, route = "other", "none" // what strangers try must not become labels
	}
	s.durations.WithLabelValues(string(listener), method, route, strconv.Itoa(response.Status)).Observe(took.Seconds())

	level := slog.LevelInfo
	switch {
	case response.Status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case response.Status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	ctx := request.Context()
	if !s.logger.Enabled(ctx, level) {
		return
	}
	attributes := make([]slog.Attr, 0, 10)
	attributes = append(attributes,
		slog.String("request_id", c.requestID), slog.String("listener", string(listener)),
		slog.String("method", method), slog.String("route", route),
		slog.Int("status", response.Status), slog.Int64("bytes", response.Size),
		slog.Float64("ms", float64(took.Microseconds())/1000))
	if c.traceparent != "" {
		attributes = append(attributes, slog.String("traceparent", c.traceparent))
	}
	if code != "" {
		attributes = append(attributes, slog.String("problem", code))
	}
	if err != nil && level > slog.LevelInfo {
		attributes = append(attributes, slog.String("cause", err.Error()))
	}
	s.logger.LogAttrs(ctx, level, "request", attributes...)
}

// The headers that are the same in every answer. The slices are shared: nobody appends to a header of these names.
var (
	noSniff          = []string{"nosniff"}
	noStore          = []string{"no-store"}
	noReferrer       = []string{"no-referrer"}
	noContent        = []string{"default-src 'none'; frame-ancestors 'none'"}
	onlyHTTPS        = []string{"max-age=31536000"}
	noOtherOrigin    = []string{"same-origin"}
	durationsBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
)

func secure(header http.Header, requestID string) {
	header["X-Request-Id"] = []string{requestID}
	header["X-Content-Type-Options"] = noSniff
	header["Cache-Control"] = noStore
	header["Referrer-Policy"] = noReferrer
	header["Content-Security-Policy"] = noContent
	header["Strict-Transport-Security"] = onlyHTTPS
	header["Cross-Origin-Resource-Policy"] = noOtherOrigin
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
