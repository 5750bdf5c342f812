// Package commands carries out wishes: it loads a stream, folds it, lets the domain decide, appends what was decided
// at the exact revision it was decided on, and brings the tables up to date that no later request may find stale.
// Everything impure that a decision needs (time, ids, hashes) is fetched here, before the decision. The package knows
// the domain and the ports it declares, and neither the store behind them nor HTTP nor SQL.
package commands

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// Store is where events live. An adapter returns the errors of package eventstore.
type Store interface {
	// Load returns the events of a stream from revision from on, oldest first; none if there is no such stream.
	Load(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error)
	// Append adds the drafts, all or none, to a stream that is at expected. The same drafts appended again, after
	// whatever time, change nothing and give the first result. The envelopes are the drafts as stored.
	Append(ctx context.Context, stream string, expected eventstore.Expected, drafts []eventstore.Draft) (eventstore.Appended, []eventstore.Envelope, error)
}

// Inline brings the tables that requests are checked against up to date with one stream, before the command that
// appended to it is answered. For any other stream it does nothing. An error means: done, but not yet effective.
type Inline interface {
	// Announce says that a stream is about to be appended to, and then applied. It returns what to call afterwards,
	// whatever became of it.
	Announce(stream string) (done func())
	ApplyInline(ctx context.Context, stream string, appended []eventstore.Envelope,
		load func(ctx context.Context, from uint64) ([]eventstore.Envelope, error)) error
	// ApplyAllInline is ApplyInline for what was appended to many streams, in their order within each.
	ApplyAllInline(ctx context.Context, appended []eventstore.Envelope,
		load func(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error)) error
}

// Passwords hashes and verifies within a bound of parallel work. When the queue is full it returns a domain.Error of
// Kind Unavailable at once.
type Passwords interface {
	// Check returns domain.ErrInvalid with the faults of a password that may not be chosen: the context is what others
	// would try first, such as the user's address and names.
	Check(plain string, context ...string) error
	// Hash returns the PHC string of a new hash.
	Hash(ctx context.Context, plain string) (string, error)
	// Verify reports whether the hash was made from the password, and whether it should be made again.
	Verify(ctx context.Context, phc, plain string) (ok, rehash bool, err error)
	// Decoy does the work of Verify for nobody, so that an unknown account takes as long as a known one.
	Decoy(ctx context.Context, plain string) error
}

// Settings are the rules that an operator sets.
type Settings struct {
	EmailVerification bool
	VerifyTokenTTL    time.Duration
	ResetTokenTTL     time.Duration
	// EnumerationSafe answers a sign-up for a taken address like any other.
	EnumerationSafe    bool
	SessionAbsoluteTTL time.Duration
	SessionIdleTTL     time.Duration
	MaxBioLength       int
	PictureFormats     []string
	TrialDays          int
	TrialPlan          string
	// AutoRenew is whether a subscription renews itself where its user did not choose.
	AutoRenew bool
	// Currency is that of plans which are defined without one (ISO 4217).
	Currency    string
	DefaultRole string
	// ClaimTTL is how long an address stays claimed by a sign-up that never finished.
	ClaimTTL time.Duration
}

// Dependencies are what a Service is made of; all are needed.
type Dependencies struct {
	Store     Store
	Inline    Inline
	Passwords Passwords
	Limiter   Limiter
	// ClaimOf returns the key of the claim on a normalised address: a keyed hash.
	ClaimOf func(normalised string) string
	// ValidZone reports whether a text names a time zone of the IANA database.
	ValidZone func(name string) bool
	Clock     func() time.Time
	Settings  Settings
}

// Service has one method per wish. It is safe for concurrent use.
type Service struct {
	store     Store
	inline    Inline
	passwords Passwords
	limiter   Limiter
	claimOf   func(string) string
	validZone func(string) bool
	clock     func() time.Time
	settings  Settings
	queues    *queues
	// rehashing holds one at a time; background is what goes on after an answer.
	rehashing  chan struct{}
	background *sync.WaitGroup
	// defaultRole is the id of the default role, once it was looked at.
	defaultRole *atomic.Pointer[string]
}

// New makes the service.
func New(d Dependencies) *Service {
	return &Service{
		store: d.Store, inline: d.Inline, passwords: d.Passwords, limiter: d.Limiter, claimOf: d.ClaimOf,
		validZone: d.ValidZone, clock: d.Clock, settings: d.Settings, queues: newQueues(), defaultRole: &atomic.Pointer[string]{},
		rehashing: make(chan struct{}, 1), background: &sync.WaitGroup{},
	}
}

// now is the clock in UTC, to the microsecond: what every table can keep.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// at is when a request counts as made.
func (s *Service) at(r Request) time.Time {
	if r.At.IsZero() {
		return s.now()
	}
	return r.At.UTC().Truncate(time.Microsecond)
}

// The rules about commands themselves.
var (
	// ErrConflict: others kept changing the stream; nothing was written.
	ErrConflict = &domain.Error{Kind: domain.Conflict, Code: "request.conflict", Title: "The resource was changed by others at the same time; send the request again."}
	// ErrPreconditionFailed: the stream is not at the revision that the caller named.
	ErrPreconditionFailed = &domain.Error{Kind: domain.Stale, Code: "request.precondition-failed", Title: "The resource has changed since the revision in If-Match."}
	// ErrKeyReused: the command id was used before, for another request.
	ErrKeyReused = &domain.Error{Kind: domain.Mismatch, Code: "request.idempotency-key-reused", Title: "This Idempotency-Key was used before for another request."}
	// ErrOutcomeUnknown: the command may have been carried out; the same request with the same key tells.
	ErrOutcomeUnknown = &domain.Error{Kind: domain.Unavailable, Code: "request.outcome-unknown", Title: "It is not known whether the request was carried out; send it again with the same Idempotency-Key."}
	// ErrUnavailable: the store does not answer; nothing was written.
	ErrUnavailable = &domain.Error{Kind: domain.Unavailable, Code: "request.store-unavailable", Title: "The event store does not answer; nothing was changed."}
	// ErrNotYetEffective: the command was carried out and is kept; the checks of other requests may lag behind it.
	ErrNotYetEffective = &domain.Error{Kind: domain.Unavailable, Code: "request.not-yet-effective", Title: "The request was carried out but is not effective everywhere yet; it will be without another request."}
)
