package tokenservice

import (
	"errors"
	"fmt"
	"net/http"
)

// ErrPermanent is compared with errors.Is: the same call will be refused again.
var ErrPermanent = errors.New("the token service will never accept this")

// ErrPaused is compared with errors.Is: the call was not made, because the ones before it failed.
var ErrPaused = errors.New("calls are paused after repeated failures")

// CallError is a call that was not accepted. It quotes neither the key nor the answer.
type CallError struct {
	Status    int // of the answer; 0 if there was none
	permanent bool
	cause     error
}

// Error names the status or the cause.
func (e *CallError) Error() string {
	switch {
	case e.cause != nil && e.Status != 0:
		return fmt.Sprintf("token service: answered %d, but %v", e.Status, e.cause)
	case e.cause != nil:
		return fmt.Sprintf("token service: %v", e.cause)
	default:
		return fmt.Sprintf("token service: answered %d", e.Status)
	}
}

// Unwrap is the cause, if it is not the status.
func (e *CallError) Unwrap() error { return e.cause }

// Is makes permanent errors equal to ErrPermanent.
func (e *CallError) Is(target error) bool { return target == ErrPermanent && e.permanent }

// Permanent reports whether another try is pointless.
func (e *CallError) Permanent() bool { return e.permanent }

// isPermanent judges a status. What an operator may be about to mend (a wrong key, a wrong path, a rate limit) is not
// permanent, nor is a redirect, which is never followed.
func isPermanent(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout,
		http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status <= 499
}
