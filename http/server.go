// Package http is how clients reach the service: every route in one list, requests read strictly, answers and
// problems written alike. A handler parses, calls commands or readmodel, and renders; it decides nothing. The package
// imports echo, and no other package but cmd imports this one.
package http

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"am-user-management/commands"
	"am-user-management/internal/clock"
	"am-user-management/internal/token"
	"am-user-management/readmodel"
)

// Deps are what a Server is made of.
type Deps struct {
	Commands  *commands.Service
	Reader    *readmodel.Reader
	Tokens    *token.Tokens
	Freshness Freshness
	Changes   Changes
	Imports   Imports
	Logger    *slog.Logger
	Clock     func() time.Time
	// Tracer begins a span per request; nil: requests are not traced.
	Tracer trace.Tracer
	// Projections and Jobs are what operators see and drive.
	Projections Projections
	Jobs        Jobs
	// Metrics is where the server registers its own metrics, and what /metrics shows.
	Metrics *prometheus.Registry
	// Ready lists what the service needs and whether it is there, for /readyz. Nil: nothing is needed.
	Ready func(ctx context.Context) []Check
	// ServiceKeys are the credentials of the internal listener: name to key.
	ServiceKeys map[string]string
	// TrustedProxies are the networks whose X-Forwarded-For is believed; none by default.
	TrustedProxies []netip.Prefix
	// AllowedOrigins are the web origins whose scripts may call the public listener; none by default.
	AllowedOrigins []string
	// Modules are switched on; Core always is.
	Modules []Module
	// Steps are those of onboarding that are done here; others are not shown as pending. Nil: all.
	Steps []string
	// DevMail is shown under /dev/mail of the public listener; nil outside of development.
	DevMail http.Handler
	// DevClock is shown, and moved, at /dev/clock of the public listener; nil outside of development.
	DevClock *clock.Clock
	// Stopwatch measures how long requests take: the real time where Clock may be moved; nil for Clock.
	Stopwatch func() time.Time
	// Deadline is how long a request may take, without its waiting for a view; 0 for 5 s.
	Deadline time.Duration
}

// Server answers HTTP requests. It is safe for concurrent use.
type Server struct {
	commands       *commands.Service
	reader         *readmodel.Reader
	tokens         *token.Tokens
	freshness      Freshness
	changes        Changes
	imports        Imports
	projections    Projections
	jobs           Jobs
	logger         *slog.Logger
	tracer         trace.Tracer
	clock          func() time.Time
	stopwatch      func() time.Time
	ready          func(ctx context.Context) []Check
	serviceKeys    serviceKeys
	trustedProxies []netip.Prefix
	origins        []string
	modules        map[Module]bool
	steps          []string
	deadline       time.Duration

	pages     pages
	cursors   *sealer
	positions *PositionCodec
	namespace uuid.UUID // of command ids: secret, so that nobody can compute the ids that others' keys lead to
	durations *prometheus.HistogramVec
	exposed   http.Handler
	activity  *activity
	lines     chan struct{} // who sends a body of many lines
	documents map[Listener]document
	public    *echo.Echo
	internal  *echo.Echo
}

// New makes the server. It fails if its metrics are registered already.
func New(d Deps) (*Server, error) {
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	cursors, err := newSealer(d.Tokens.Key("http/cursor"))
	if err != nil {
		return nil, err
	}
	positions, err := NewPositionCodec(d.Tokens.Key("http/position"))
	if err != nil {
		return nil, err
	}
	s := &Server{
		commands: d.Commands, reader: d.Reader, tokens: d.Tokens, freshness: d.Freshness, changes: d.Changes, imports: d.Imports,
		projections: d.Projections, jobs: d.Jobs,
		logger: d.Logger, tracer: d.Tracer, clock: d.Clock, ready: d.Ready,
		serviceKeys: newServiceKeys(d.ServiceKeys), trustedProxies: d.TrustedProxies, origins: d.AllowedOrigins,
		modules: map[Module]bool{Core: true}, steps: d.Steps, deadline: d.Deadline,
		pages: pages, cursors: cursors, positions: positions,
		namespace: uuid.NewSHA1(uuid.Nil, d.Tokens.Key("http/command")),
	}
	for _, module := range d.Modules {
		s.modules[module] = true
	}
	if s.deadline == 0 {
		s.deadline = 5 * time.Second
	}
	if s.stopwatch = d.Stopwatch; s.stopwatch == nil {
		s.stopwatch = d.Clock
	}
	s.lines = make(chan struct{}, linesAtOnce)
	s.activity = newActivity(s.reader, s.logger)
	if err := s.registerMetrics(d.Metrics); err != nil {
		return nil, err
	}
	s.documents = make(map[Listener]document)
	for _, listener := range []Listener{Public, Internal} {
		if s.documents[listener], err = newDocument(listener, s.Routes()); err != nil {
			return nil, err
		}
	}
	s.public, s.internal = s.mount(Public), s.mount(Internal)
	if d.DevMail != nil {
		s.public.Any("/dev/mail", echo.WrapHandler(d.DevMail))
		s.public.Any("/dev/mail/*", echo.WrapHandler(d.DevMail))
	}
	if d.DevClock != nil {
		for _, route := range s.devClockRoutes(d.DevClock) {
			s.public.Add(route.Method, route.Path, s.endpoint(route))
		}
	}
	return s, nil
}

// Public is the handler of the public listener.
func (s *Server) Public() http.Handler { return s.public }

// Internal is the handler of the internal listener.
func (s *Server) Internal() http.Handler { return s.internal }

// Run does, until ctx ends, the work that requests leave behind: noting when sessions were used.
func (s *Server) Run(ctx context.Context) { s.activity.run(ctx) }

// mount builds one listener from the list of routes.
func (s *Server) mount(listener Listener) *echo.Echo {
	e := echo.New()
	e.Use(s.observe(listener))
	if listener == Public && len(s.origins) > 0 {
		e.Use(crossOrigin(s.origins))
	}
	for _, route := range s.Routes() {
		if route.Listener == listener {
			e.Add(route.Method, route.Path, s.endpoint(route))
			if route.Method == http.MethodGet {
				e.Add(http.MethodHead, route.Path, s.endpoint(route)) // net/http leaves the body out
			}
		}
	}
	mountDocs(e)
	return e
}

// errNotObserved cannot happen: every listener observes its requests.
var errNotObserved = errors.New("a request went past the observer")

// endpoint is what all routes do before their handler: authenticate, read what the route takes, set a deadline.
// Who is nobody learns nothing about the rest of the request.
func (s *Server) endpoint(route Route) echo.HandlerFunc {
	observer := s.observer(route.Listener, route.Method, route.Path)
	return func(ec echo.Context) error {
		c, ok := ec.(*call)
		if !ok {
			return errNotObserved
		}
		if slices.ContainsFunc(c.ParamValues(), func(value string) bool { return strings.Contains(value, "/") }) {
			return errNoRoute // the last parameter of a path takes the rest of it, also where a longer path is switched off
		}
		c.route, c.observer = &route, observer
		if route.Lines {
			leave, err := s.admitLines(c)
			if err != nil {
				c.tell(c.Request().Context(), err)
				return err
			}
			defer leave()
		}
		fault := s.read(c) // before the deadline starts: a slow sender has its own
		ctx := c.Request().Context()
		if route.Method != http.MethodGet {
			ctx = context.WithoutCancel(ctx) // what was begun is finished, also for a client that is gone
		}
		patience := c.fresh.wait + route.patience
		if route.Provisioned != nil {
			patience += defaultWait
		}
		ctx, cancel := context.WithTimeout(ctx, s.deadline+patience)
		defer cancel()
		var err error
		switch {
		case route.Lines: // it was done before the body was read
		case route.authenticates && fault == nil: // the handler does
		default:
			err = s.authenticate(ctx, c)
		}
		if err == nil {
			err = fault
		}
		if err == nil {
			err = route.handle(ctx, c)
			if route.Provisioned != nil && errors.Is(err, route.Provisioned) {
				err = s.provision(ctx, c, err)
			}
		}
		c.tell(ctx, err)
		return err
	}
}

func (s *Server) read(c *call) (err error) {
	if !c.route.AnyQuery {
		if c.query, err = readQuery(c.Request().URL.RawQuery, c.route.Query); err != nil {
			return err
		}
	}
	if request := c.Request(); c.route.BodyOptional && request.ContentLength == 0 && request.Header["Content-Type"] == nil {
		c.body = []byte("{}")
	} else if c.route.Body != nil {
		if c.body, err = readBody(c.Response(), c.Request(), c.route.Lines); err != nil {
			return err
		}
	}
	if c.route.Reads != "" {
		return s.readFreshness(c)
	}
	return nil
}
