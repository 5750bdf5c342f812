package http

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"am-user-management/domain"
	"am-user-management/readmodel"
)

// statuses is the one place where a rule's kind becomes a status.
var statuses = map[domain.Kind]int{
	domain.Invalid:         http.StatusBadRequest,
	domain.Unauthenticated: http.StatusUnauthorized,
	domain.Forbidden:       http.StatusForbidden,
	domain.NotFound:        http.StatusNotFound,
	domain.Conflict:        http.StatusConflict,
	domain.Stale:           http.StatusPreconditionFailed,
	domain.Mismatch:        http.StatusUnprocessableEntity,
	domain.Limited:         http.StatusTooManyRequests,
	domain.Unavailable:     http.StatusServiceUnavailable,
}

// StatusOf is the HTTP status of a rule's kind; 500 for a kind that it does not know.
func StatusOf(kind domain.Kind) int {
	if status, ok := statuses[kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// retryAfter is how many whole seconds a client is asked to wait after 429 and 503: as long as the rule says, one if it
// says nothing.
func retryAfter(err error) string {
	var rule *domain.Error
	if !errors.As(err, &rule) || rule.Wait <= time.Second {
		return "1"
	}
	return strconv.FormatInt(int64((rule.Wait+time.Second-1)/time.Second), 10)
}

// The rules of the transport itself that have a kind.
var (
	errUnauthenticated = &domain.Error{Kind: domain.Unauthenticated, Code: "request.unauthenticated", Title: "The request carries no valid credentials."}
	errBehind          = &domain.Error{Kind: domain.Unavailable, Code: "projection.behind", Title: "The view does not include the write of the Consistency-Token yet; read again."}
	errOnboarding      = &domain.Error{Kind: domain.Unavailable, Code: "onboarding.pending", Title: "What a new user gets is still being made; send this again."}
	errBusy            = &domain.Error{Kind: domain.Unavailable, Code: "request.unavailable", Title: "The service cannot answer right now; send the request again."}
)

// protocolError is a request that HTTP itself has a status for.
type protocolError struct {
	status      int
	code, title string
}

func (e *protocolError) Error() string { return e.code + ": " + e.title }

var (
	errNoRoute      = &protocolError{http.StatusNotFound, "request.not-found", "There is nothing at this path."}
	errMethod       = &protocolError{http.StatusMethodNotAllowed, "request.method-not-allowed", "This path does not take this method."}
	errTooLarge     = &protocolError{http.StatusRequestEntityTooLarge, "request.too-large", "The body is larger than 64 KiB."}
	errMediaType    = &protocolError{http.StatusUnsupportedMediaType, "request.unsupported-media-type", "The body must be JSON in UTF-8, sent as application/json and not compressed."}
	errTooManyLines = &protocolError{http.StatusRequestEntityTooLarge, "request.too-large", "The body is larger than 16 MiB, or has more than 10,000 rows."}
	errLinesType    = &protocolError{http.StatusUnsupportedMediaType, "request.unsupported-media-type", "The body must be lines of JSON in UTF-8, sent as application/x-ndjson and not compressed."}
	errInternal     = &protocolError{http.StatusInternalServerError, "server.internal", "The request failed; the cause is in the log under this instance."}
)

// problem is the body of every answer that is an error (RFC 9457).
type problem struct {
	Type     string              `json:"type"`
	Title    string              `json:"title"`
	Status   int                 `json:"status"`
	Detail   string              `json:"detail,omitempty"`
	Instance string              `json:"instance"`
	Errors   []domain.FieldError `json:"errors,omitempty"`
}

// problemOf turns an error into what the client may know of it. It never carries the cause: that goes to the log.
func problemOf(err error) (p problem, code string) {
	var rule *domain.Error
	var protocol *protocolError
	switch {
	case errors.As(err, &rule):
		return problem{Type: "/problems/" + rule.Code, Title: rule.Title, Status: StatusOf(rule.Kind), Detail: rule.Detail, Errors: rule.Fields}, rule.Code
	case errors.As(err, &protocol):
	case errors.Is(err, echo.ErrNotFound):
		protocol = errNoRoute
	case errors.Is(err, echo.ErrMethodNotAllowed):
		protocol = errMethod
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), readmodel.Unavailable(err):
		return problemOf(errBusy)
	default:
		protocol = errInternal
	}
	return problem{Type: "/problems/" + protocol.code, Title: protocol.title, Status: protocol.status}, protocol.code
}

// refuse answers with a problem. It returns the problem's code, for the log.
func (c *call) refuse(err error) (code string) {
	p, code := problemOf(err)
	p.Instance = c.requestID
	header := c.Response().Header()
	switch p.Status {
	case http.StatusUnauthorized:
		header["Www-Authenticate"] = bearerChallenge
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", retryAfter(err))
	}
	if c.writeJSON(p.Status, problemType, p) != nil {
		return code // the client is gone; the access log tells
	}
	return code
}

var bearerChallenge = []string{"Bearer"}
