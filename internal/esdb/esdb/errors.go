package esdb

import (
	"errors"
	"fmt"
)

// ErrorCode says what went wrong, for programs to act on.
type ErrorCode int

// The codes of an Error.
const (
	// ErrorCodeUnknown is everything without a code of its own; the gRPC status is inside.
	ErrorCodeUnknown ErrorCode = iota
	// ErrorCodeUnsupportedFeature: the server does not offer the call.
	ErrorCodeUnsupportedFeature
	// ErrorCodeDeadlineExceeded: no answer in time. A write may have happened.
	ErrorCodeDeadlineExceeded
	// ErrorCodeUnauthenticated: user or password is wrong.
	ErrorCodeUnauthenticated
	// ErrorCodeResourceNotFound: no such stream or subscription group.
	ErrorCodeResourceNotFound
	// ErrorCodeResourceAlreadyExists: the subscription group exists.
	ErrorCodeResourceAlreadyExists
	// ErrorCodeConnectionClosed: the client was closed.
	ErrorCodeConnectionClosed
	// ErrorCodeWrongExpectedVersion: the stream is not at the expected revision; nothing was written.
	ErrorCodeWrongExpectedVersion
	// ErrorCodeAccessDenied: the user may not do this.
	ErrorCodeAccessDenied
	// ErrorCodeStreamDeleted: the stream is tombstoned.
	ErrorCodeStreamDeleted
	// ErrorCodeParsing: something read could not be understood.
	ErrorCodeParsing
	// ErrorCodeInternalClient: a fault of this package.
	ErrorCodeInternalClient
	// ErrorCodeInternalServer: a fault of the server.
	ErrorCodeInternalServer
	// ErrorCodeNotLeader: the node is not the leader; the next call goes to the leader.
	ErrorCodeNotLeader
	// ErrorAborted: the server gave up, for example on a slow write.
	ErrorAborted
	// ErrorUnavailable: the server is away or not ready. A write may have happened.
	ErrorUnavailable
)

// String is the code's name.
func (c ErrorCode) String() string {
	names := [...]string{
		"ErrorCodeUnknown", "ErrorCodeUnsupportedFeature", "ErrorCodeDeadlineExceeded",
		"ErrorCodeUnauthenticated", "ErrorCodeResourceNotFound", "ErrorCodeResourceAlreadyExists",
		"ErrorCodeConnectionClosed", "ErrorCodeWrongExpectedVersion", "ErrorCodeAccessDenied",
		"ErrorCodeStreamDeleted", "ErrorCodeParsing", "ErrorCodeInternalClient",
		"ErrorCodeInternalServer", "ErrorCodeNotLeader", "ErrorAborted", "ErrorUnavailable",
	}
	if c < 0 || int(c) >= len(names) {
		return fmt.Sprintf("ErrorCode %d", int(c))
	}
	return names[c]
}

// Error is a failure with a code. Only this package makes them.
type Error struct {
	code ErrorCode
	err  error
}

// Code says what went wrong.
func (e *Error) Code() ErrorCode { return e.code }

// Err is the cause.
func (e *Error) Err() error { return e.err }

// IsErrorCode tells whether the error has this code.
func (e *Error) IsErrorCode(code ErrorCode) bool { return e.code == code }

// Error names the code and the cause.
func (e *Error) Error() string {
	if e.err == nil {
		return fmt.Sprintf("[%v]", e.code)
	}
	return fmt.Sprintf("[%v] %v", e.code, e.err)
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.err }

// FromError reports whether err itself is an *Error, and which. It does not
// unwrap: prefer errors.As. No error at all counts as a success: (nil, true).
// Any other error comes back inside a new one of code Unknown, with false.
func FromError(err error) (*Error, bool) {
	if err == nil {
		return nil, true
	}
	//nolint:errorlint // not to unwrap is this function's documented contract
	if own, ok := err.(*Error); ok {
		return own, true
	}
	return &Error{code: ErrorCodeUnknown, err: err}, false
}

// errSubscriptionClosed is the cause of drops after Close.
var errSubscriptionClosed = errors.New("subscription has been closed")

func failure(code ErrorCode, format string, args ...any) *Error {
	return &Error{code: code, err: fmt.Errorf(format, args...)}
}
