package domain

import "time"

// Kind sorts rules by what the caller can do about them. The transport maps each Kind to a status once.
type Kind int

// The kinds of rules.
const (
	// Invalid: the request itself is wrong; Fields says where.
	Invalid Kind = iota + 1
	// Unauthenticated: the caller did not prove who it is.
	Unauthenticated
	// Forbidden: the caller is known and may not do this.
	Forbidden
	// NotFound: what the request names does not exist.
	NotFound
	// Conflict: the request contradicts the present state.
	Conflict
	// Stale: the caller's precondition (If-Match) no longer holds.
	Stale
	// Mismatch: an Idempotency-Key was used before for another request.
	Mismatch
	// Limited: too many tries; later ones may be allowed.
	Limited
	// Unavailable: a dependency does not answer; the same request may be sent again.
	Unavailable
)

// Error is one named rule. Rules are sentinels compared with errors.Is; With makes a copy with details that still
// compares equal to its rule.
type Error struct {
	Kind   Kind
	Code   string // "<module>.<kebab-name>", part of the HTTP contract
	Title  string // one sentence, the same at every occurrence
	Detail string // what was special about this occurrence; never personal or secret text
	Fields []FieldError
	// Wait is how long the same request would be in vain; 0 where nobody can tell.
	Wait time.Duration
	rule *Error
}

// FieldError says what is wrong with one field of the request.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is the code and the title.
func (e *Error) Error() string {
	if e.Detail != "" {
		return e.Code + ": " + e.Detail
	}
	return e.Code + ": " + e.Title
}

// Is reports whether target is the rule this error was made from.
func (e *Error) Is(target error) bool {
	rule, ok := target.(*Error)
	return ok && (e == rule || e.rule == rule)
}

// WithDetail returns the rule with a detail of this occurrence.
func (e *Error) WithDetail(detail string) *Error {
	occurrence := *e
	occurrence.Detail, occurrence.rule = detail, e.root()
	return &occurrence
}

// WithFields returns the rule with the faults of single fields.
func (e *Error) WithFields(fields ...FieldError) *Error {
	occurrence := *e
	occurrence.Fields, occurrence.rule = fields, e.root()
	return &occurrence
}

// WithWait returns the rule with how long the same request would be in vain.
func (e *Error) WithWait(wait time.Duration) *Error {
	occurrence := *e
	occurrence.Wait, occurrence.rule = wait, e.root()
	return &occurrence
}

func (e *Error) root() *Error {
	if e.rule != nil {
		return e.rule
	}
	return e
}

// ErrInvalid is the rule of every request whose fields are wrong in themselves.
var ErrInvalid = &Error{Kind: Invalid, Code: "request.invalid", Title: "The request is not valid."}
