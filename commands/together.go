package commands

import (
	"context"
	"fmt"
	"sync"

	"am-user-management/internal/eventstore"
)

// together lets many commands share the work of becoming effective: what they append is applied inline at once when
// run returns, before anybody is told that one of them was done. The error is ErrNotYetEffective.
func (s *Service) together(ctx context.Context, run func(*Service)) error {
	var later later
	shared := *s
	shared.inline = &later
	run(&shared)
	err := s.inline.ApplyAllInline(ctx, later.appended, s.store.Load)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrNotYetEffective, err)
	}
	return nil
}

// Unattended is the service for work that nobody waits for: what it does becomes effective when the projectors come by,
// and not before its commands return.
func (s *Service) Unattended() *Service {
	unattended := *s
	unattended.inline = never{}
	return &unattended
}

// later keeps what was appended.
type later struct {
	mu       sync.Mutex
	appended []eventstore.Envelope
}

// Announce does nothing: it takes long until what is kept is applied.
func (*later) Announce(string) (done func()) { return func() {} }

// ApplyInline keeps it.
func (l *later) ApplyInline(_ context.Context, _ string, appended []eventstore.Envelope,
	_ func(context.Context, uint64) ([]eventstore.Envelope, error),
) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.appended = append(l.appended, appended...)
	return nil
}

// ApplyAllInline keeps it.
func (l *later) ApplyAllInline(ctx context.Context, appended []eventstore.Envelope,
	_ func(context.Context, string, uint64) ([]eventstore.Envelope, error),
) error {
	return l.ApplyInline(ctx, "", appended, nil)
}

// never leaves everything to the projectors.
type never struct{}

// Announce does nothing.
func (never) Announce(string) (done func()) { return func() {} }

// ApplyInline does nothing.
func (never) ApplyInline(context.Context, string, []eventstore.Envelope,
	func(context.Context, uint64) ([]eventstore.Envelope, error),
) error {
	return nil
}

// ApplyAllInline does nothing.
func (never) ApplyAllInline(context.Context, []eventstore.Envelope,
	func(context.Context, string, uint64) ([]eventstore.Envelope, error),
) error {
	return nil
}
