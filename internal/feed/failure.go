package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// TransientError is an error that goes away by itself. A projection is tried again for ever, with back-off, instead of
// being halted. Apply and Decode return it where the feed cannot know.
type TransientError struct{ Err error }

// Error is that of Err.
func (e *TransientError) Error() string { return e.Err.Error() }

// Unwrap is Err.
func (e *TransientError) Unwrap() error { return e.Err }

// PanicError is a panic of Apply or Decode.
type PanicError struct {
	Value any
	Stack []byte
}

// Error is the value of the panic.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Transient reports whether an error may go away by itself: the connection or the server of Postgres, serialization
// failures and deadlocks, an event store that does not answer, contention between commands, a dependency that is
// unavailable, a deadline. Everything else comes back when the same events are applied again.
func Transient(err error) bool {
	var (
		marked    *TransientError
		rule      *domain.Error
		postgres  *pgconn.PgError
		connect   *pgconn.ConnectError
		network   net.Error
		wentWrong *PanicError
	)
	switch {
	case err == nil, errors.As(err, &wentWrong):
		return false
	case errors.As(err, &marked), errors.As(err, &connect), errors.As(err, &network):
		return true
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, eventstore.ErrUnavailable), errors.Is(err, eventstore.ErrUnknownOutcome),
		errors.Is(err, eventstore.ErrConflict):
		return true
	case errors.As(err, &postgres):
		return transientState(postgres.Code)
	case errors.As(err, &rule):
		return rule.Kind == domain.Unavailable || rule.Kind == domain.Limited
	}
	return pgconn.SafeToRetry(err)
}

// transientState judges an SQLSTATE.
func transientState(code string) bool {
	switch code {
	case "25006", // read-only transaction: a fail-over is under way
		"55P03", // lock not available
		"57014", // query cancelled
		"57P01", "57P02", "57P03", "57P05":
		return true
	}
	switch code[:min(2, len(code))] {
	case "08", // connection
		"40", // serialization failure, deadlock
		"53", // out of disk, memory, connections
		"58": // input and output
		return true
	}
	return false
}

// isDiskFull reports an error by which Postgres says that its disk is full.
func isDiskFull(err error) bool {
	var postgres *pgconn.PgError
	return errors.As(err, &postgres) && postgres.Code == "53100"
}
