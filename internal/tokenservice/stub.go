package tokenservice

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"am-user-management/domain"
)

// Call is one request that a Stub accepted.
type Call struct {
	Path   string // "/internal/v1/tokens" or "/internal/v1/tokens/revoke"
	Effect string // the Idempotency-Key
	UserID domain.ID
	Reason string
}

// Stub stands in for the token service where there is none: in dev mode and in tests. It checks what the real one
// checks (key, body, that one Idempotency-Key means one request), remembers the last effects and issues nothing.
type Stub struct {
	key string

	mu      sync.Mutex
	calls   int
	order   []string // effects, oldest first
	effects map[string]Call
	refuse  func(Call) int
	changed chan struct{} // closed and replaced at each effect
}

// remembered is how many effects a Stub keeps.
const remembered = 10_000

// NewStub makes a stub that asks for that bearer key.
func NewStub(key string) *Stub {
	return &Stub{key: key, effects: map[string]Call{}, changed: make(chan struct{})}
}

// Refuse makes the stub ask for the status of each call from now on; 0 lets it through, nil lets all through.
func (s *Stub) Refuse(status func(Call) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = status
}

// Calls is how many well-formed requests came, repeated and refused ones included.
func (s *Stub) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Effects is what was accepted, oldest first, a repeated request once.
func (s *Stub) Effects() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Call, len(s.order))
	for i, effect := range s.order {
		all[i] = s.effects[effect]
	}
	return all
}

// Wait returns the first effect about the user, at once or when it comes. It ends with the context's error.
func (s *Stub) Wait(ctx context.Context, user domain.ID) (Call, error) {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		for _, call := range s.Effects() {
			if call.UserID == user {
				return call, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Call{}, fmt.Errorf("waiting for a call about the user: %w", ctx.Err())
		}
	}
}

// ServeHTTP answers 200 with {} to what it accepts.
func (s *Stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, status := s.read(w, r)
	if status == 0 {
		status = s.note(call)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("{}")) // whoever called may be gone
}

// read checks a request; the status is 0 if it is fine.
func (s *Stub) read(w http.ResponseWriter, r *http.Request) (Call, int) {
	if r.URL.Path != "/internal/v1/tokens" && r.URL.Path != "/internal/v1/tokens/revoke" {
		return Call{}, http.StatusNotFound
	}
	if r.Method != http.MethodPost {
		return Call{}, http.StatusMethodNotAllowed
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+s.key)) != 1 {
		return Call{}, http.StatusUnauthorized
	}
	var body notice
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAnswer))
	decoder.DisallowUnknownFields()
	call := Call{Path: r.URL.Path, Effect: r.Header.Get("Idempotency-Key")}
	if err := decoder.Decode(&body); err != nil || body.UserID.IsZero() || body.Reason == "" || call.Effect == "" {
		return Call{}, http.StatusBadRequest
	}
	call.UserID, call.Reason = body.UserID, body.Reason
	return call, 0
}

// note remembers an accepted call and is the status to answer.
func (s *Stub) note(call Call) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.refuse != nil {
		if status := s.refuse(call); status != 0 {
			return status
		}
	}
	if before, known := s.effects[call.Effect]; known {
		if before != call {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	}
	s.effects[call.Effect] = call
	s.order = append(s.order, call.Effect)
	if len(s.order) > remembered {
		delete(s.effects, s.order[0])
		s.order = s.order[1:]
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return http.StatusOK
}
