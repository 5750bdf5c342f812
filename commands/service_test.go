package commands_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/roles"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/memstore"
	"am-user-management/internal/keyring"
	"am-user-management/internal/limiter"
)

// bench is a service over a store in memory.
type bench struct {
	*commands.Service
	log    *memstore.Store
	faults *faults
	inline *inline
	now    time.Time
	// dependencies are those that the service was made of.
	dependencies commands.Dependencies
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return newBenchWith(t, passwords{})
}

func newBenchWith(t *testing.T, hasher commands.Passwords) *bench {
	t.Helper()
	encode, err := codec.New(keyring.NewMemory(), codec.All()...)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), inline: &inline{}}
	clock := func() time.Time { return b.now }
	b.log = memstore.New(encode, clock)
	b.faults = &faults{Store: b.log}
	b.dependencies = commands.Dependencies{
		Store: b.faults, Inline: b.inline, Passwords: hasher, Clock: clock,
		Limiter:   limiter.NewMemory(limiter.Rules{Attempts: 10, Lock: 15 * time.Minute}, clock),
		ClaimOf:   func(normal string) string { return "claim-of-" + normal },
		ValidZone: func(name string) bool { return name == "Europe/Berlin" },
		Settings: commands.Settings{
			EmailVerification: true, VerifyTokenTTL: 24 * time.Hour, SessionAbsoluteTTL: 24 * time.Hour,
			SessionIdleTTL: 2 * time.Hour, MaxBioLength: 500, PictureFormats: []string{"png"},
			TrialDays: 14, TrialPlan: "pro", AutoRenew: true, Currency: "USD", DefaultRole: "viewer",
		},
	}
	b.Service = commands.New(b.dependencies)
	return b
}

// seed defines the roles that every installation has.
func (b *bench) seed(t *testing.T) {
	t.Helper()
	if err := b.Seed(t.Context(), roles.BuiltIn(map[string][]string{"admin": {"editor"}, "editor": {"viewer"}}), nil); err != nil {
		t.Fatal(err)
	}
}

// types lists the events of a stream.
func (b *bench) types(t *testing.T, stream string) string {
	t.Helper()
	history, err := b.log.Load(t.Context(), stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range history {
		names = append(names, strings.TrimSuffix(e.Event.EventType(), ".v1"))
	}
	return strings.Join(names, " ")
}

func request() commands.Request {
	return commands.Request{CommandID: uuid.New(), Fingerprint: "f", Actor: eventstore.Actor{Kind: eventstore.Anonymous}}
}

func ada() commands.Registration {
	return commands.Registration{Email: "Ada@Example.org", EmailNormal: "ada@example.org", Password: "correct horse"}
}

// register signs ada up and verifies her address.
func (b *bench) register(t *testing.T) account.State {
	t.Helper()
	created, err := b.Register(t.Context(), request(), ada())
	if err != nil {
		t.Fatal(err)
	}
	verified, err := b.VerifyEmail(t.Context(), request(), created.State.UserID, created.State.Requests[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return verified.State
}

// passwords hashes by writing down: what is tested here is when it is asked.
type passwords struct{}

func (passwords) Check(plain string, _ ...string) error {
	if len(plain) < 8 {
		return domain.ErrInvalid.WithFields(domain.FieldError{Field: "password", Message: "is too short"})
	}
	return nil
}

func (passwords) Hash(_ context.Context, plain string) (string, error) {
	return "hash of " + plain, nil
}

func (passwords) Verify(_ context.Context, phc, plain string) (bool, bool, error) {
	return phc == "hash of "+plain, false, nil
}
func (passwords) Decoy(context.Context, string) error { return nil }

// inline counts what it is asked to apply, and fails when told to.
type inline struct {
	mu      sync.Mutex
	applied []string
	err     error
}

func (i *inline) ApplyInline(_ context.Context, stream string, _ []eventstore.Envelope, _ func(context.Context, uint64) ([]eventstore.Envelope, error)) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.applied = append(i.applied, stream)
	return i.err
}

func (i *inline) Announce(string) func() { return func() {} }

func (i *inline) ApplyAllInline(_ context.Context, appended []eventstore.Envelope, _ func(context.Context, string, uint64) ([]eventstore.Envelope, error)) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, e := range appended {
		i.applied = append(i.applied, e.Stream)
	}
	return i.err
}

var errCut = errors.New("the line was cut")

// faults is a store whose appends can be cut before or after they happen, or find that others were faster.
type faults struct {
	commands.Store
	before, after func(stream string) error
}

func (f *faults) Append(ctx context.Context, stream string, expected eventstore.Expected, drafts []eventstore.Draft) (eventstore.Appended, []eventstore.Envelope, error) {
	if f.before != nil {
		if err := f.before(stream); err != nil {
			return eventstore.Appended{}, nil, err
		}
	}
	appended, envelopes, err := f.Store.Append(ctx, stream, expected, drafts)
	if f.after != nil && err == nil {
		if cut := f.after(stream); cut != nil {
			return eventstore.Appended{}, nil, cut
		}
	}
	return appended, envelopes, err
}
