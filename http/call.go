package http

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// call is one request and its answer, with what was found out about it on the way to its handler.
type call struct {
	echo.Context
	server      *Server
	route       *Route
	observer    *observer
	requestID   string
	traceparent string
	span        trace.Span // nil without a tracer
	body        []byte
	query       url.Values // nil without one; see readQuery

	// Who asks: a user with a session, a service, or nobody known.
	user    domain.ID
	session domain.ID
	service string
	// subject is whom the call is about, where neither the session nor the path says.
	subject domain.ID
	// permissions are those of the user, on routes that ask for one.
	permissions []string

	fresh freshness

	values [4]string // of headers, see set
	used   int
}

// set sets a header, whose name is in canonical form, without an allocation for the first few.
func (c *call) set(name, value string) {
	if c.used == len(c.values) {
		c.Response().Header().Set(name, value)
		return
	}
	c.values[c.used] = value
	c.used++
	c.Response().Header()[name] = c.values[c.used-1 : c.used : c.used]
}

// bind decodes the body, see Bind.
func (c *call) bind(into any) error { return Bind(c.body, into) }

// id is a path parameter that names something.
func (c *call) id() (domain.ID, error) {
	const name = "id"
	if strings.Contains(c.Param(name), "/") { // echo gives the last parameter all that no route has
		return domain.ID{}, errNoRoute
	}
	id, err := domain.ParseID(c.Param(name))
	if err != nil {
		return domain.ID{}, invalid(name, "must be a UUID")
	}
	return id, nil
}

// wrote tells the client where its write stands, if there is one: also when it is not effective everywhere yet.
func (c *call) wrote(result commands.Result, err error) error {
	if result.Stream == "" || err != nil && !errors.Is(err, commands.ErrNotYetEffective) {
		return err
	}
	c.set("Etag", etag(result.Revision))
	c.set("Consistency-Token", c.server.positions.Text(result.Position))
	return err
}

// answer writes a JSON body, under the position of the view it was read from.
func (c *call) answer(status int, body any) error {
	c.fresh.tell(c)
	return c.writeJSON(status, jsonType, body)
}

// answerEntity is answer for what one stream says, so that a change can name the revision.
func (c *call) answerEntity(revision uint64, body any) error {
	c.set("Etag", etag(revision))
	return c.answer(http.StatusOK, body)
}

var (
	jsonType    = []string{"application/json"}
	problemType = []string{"application/problem+json"}
)

func (c *call) writeJSON(status int, contentType []string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	response := c.Response()
	response.Header()["Content-Type"] = contentType
	response.WriteHeader(status)
	_, err = response.Write(text)
	return err
}

// actor is who wants what the call asks for.
func (c *call) actor() eventstore.Actor {
	switch {
	case !c.user.IsZero():
		return eventstore.Actor{ID: c.user.String(), Kind: eventstore.User}
	case c.service != "":
		return eventstore.Actor{ID: c.service, Kind: eventstore.Service}
	}
	return eventstore.Actor{Kind: eventstore.Anonymous}
}

// optional is a time for JSON that may be absent.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
