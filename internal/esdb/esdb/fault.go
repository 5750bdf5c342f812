package esdb

import (
	"context"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Trailer keys by which the server explains a failure.
const (
	trailerException  = "exception"
	trailerLeaderHost = "leader-endpoint-host"
	trailerLeaderPort = "leader-endpoint-port"

	exceptionNotLeader = "not-leader"
)

// exceptionCode maps the server's name for a failure. Names that are not here
// fall back to the gRPC status.
func exceptionCode(exception string) (ErrorCode, bool) {
	switch exception {
	case "stream-deleted":
		return ErrorCodeStreamDeleted, true
	case "access-denied":
		return ErrorCodeAccessDenied, true
	case exceptionNotLeader:
		return ErrorCodeNotLeader, true
	case "persistent-subscription-does-not-exist":
		return ErrorCodeResourceNotFound, true
	case "persistent-subscription-exists":
		return ErrorCodeResourceAlreadyExists, true
	}
	return ErrorCodeUnknown, false
}

// statusCode maps a bare gRPC status.
func statusCode(code codes.Code) ErrorCode {
	switch code {
	case codes.Unauthenticated:
		return ErrorCodeUnauthenticated
	case codes.Unimplemented:
		return ErrorCodeUnsupportedFeature
	case codes.NotFound:
		return ErrorCodeResourceNotFound
	case codes.PermissionDenied:
		return ErrorCodeAccessDenied
	case codes.DeadlineExceeded:
		return ErrorCodeDeadlineExceeded
	case codes.AlreadyExists:
		return ErrorCodeResourceAlreadyExists
	case codes.Aborted:
		return ErrorAborted
	case codes.Unavailable:
		return ErrorUnavailable
	}
	return ErrorCodeUnknown
}

// fault turns the failure of a call into an *Error, and lets the next call look
// for another node where this one is of no more use.
func (c *Client) fault(ctx context.Context, conn *connection, trailer metadata.MD, err error) *Error {
	if c.connector.isClosed() {
		return &Error{code: ErrorCodeConnectionClosed, err: err}
	}
	c.observe(conn, trailer, err)
	if code, known := exceptionCode(first(trailer, trailerException)); known {
		return &Error{code: code, err: err}
	}
	code := status.Code(err)
	if code == codes.Canceled && ctx.Err() == nil && conn.closed.Load() {
		// Not the caller but the connection was taken away from under the call.
		return &Error{code: ErrorUnavailable, err: err}
	}
	return &Error{code: statusCode(code), err: err}
}

// observe draws the connection's lesson from a failed call: after UNAVAILABLE
// the next call starts discovery, after not-leader it goes to the leader.
func (c *Client) observe(conn *connection, trailer metadata.MD, err error) {
	if first(trailer, trailerException) == exceptionNotLeader {
		c.connector.suspect(conn, leaderOf(trailer))
		return
	}
	if status.Code(err) == codes.Unavailable {
		c.connector.suspect(conn, nil)
	}
}

// leaderOf is the leader named by the trailers, or nil if they name none.
func leaderOf(trailer metadata.MD) *EndPoint {
	host := first(trailer, trailerLeaderHost)
	port, err := strconv.ParseUint(first(trailer, trailerLeaderPort), 10, 16)
	if host == "" || err != nil || port == 0 {
		return nil
	}
	return &EndPoint{Host: host, Port: uint16(port)}
}

func first(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}
