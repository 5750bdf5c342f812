package http_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	amhttp "am-user-management/http"
)

// TestEveryKindHasItsStatus walks the kinds until there are no more of them: a new kind without a status fails here.
func TestEveryKindHasItsStatus(t *testing.T) {
	want := map[domain.Kind]int{
		domain.Invalid: 400, domain.Unauthenticated: 401, domain.Forbidden: 403, domain.NotFound: 404, domain.Conflict: 409,
		domain.Stale: 412, domain.Mismatch: 422, domain.Limited: 429, domain.Unavailable: 503,
	}
	for kind := domain.Invalid; kind <= domain.Unavailable; kind++ {
		if got := amhttp.StatusOf(kind); got != want[kind] || got == 0 {
			t.Errorf("kind %d: status %d, want %d", kind, got, want[kind])
		}
	}
	if got := amhttp.StatusOf(domain.Unavailable + 1); got != 500 {
		t.Errorf("a kind that does not exist: status %d, want 500", got)
	}
}

func TestErrorsBecomeProblems(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"a rule":             {account.ErrAlreadyExists, 409, "account.user-already-exists"},
		"a rule in a rule":   {fmt.Errorf("%w (%w)", commands.ErrNotYetEffective, errors.New("no table")), 503, "request.not-yet-effective"},
		"another body":       {commands.ErrKeyReused, 422, "request.idempotency-key-reused"},
		"a stale revision":   {commands.ErrPreconditionFailed, 412, "request.precondition-failed"},
		"the deadline":       {fmt.Errorf("query: %w", context.DeadlineExceeded), 503, "request.unavailable"},
		"a database is gone": {fmt.Errorf("query: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}), 503, "request.unavailable"},
		"anything else":      {errors.New("password=hunter2"), http.StatusInternalServerError, "server.internal"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, code := amhttp.ProblemOf(c.err); status != c.status || code != c.code {
				t.Errorf("got %d %s, want %d %s", status, code, c.status, c.code)
			}
		})
	}
}
