package main

import (
	"context"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
	"am-user-management/projections"
)

// shredder destroys what an erasure destroys outside the log.
type shredder struct {
	ring     *keyring.Ring
	redactor *projections.Redactor
}

// DestroyKeys destroys keys for ever.
func (s shredder) DestroyKeys(ctx context.Context, subjects ...domain.ID) error {
	for _, subject := range subjects {
		if err := s.ring.Destroy(ctx, subject); err != nil {
			return err
		}
	}
	return nil
}

// RedactRows makes the user's rows anew.
func (s shredder) RedactRows(ctx context.Context, user domain.ID, load func(ctx context.Context, stream string) ([]eventstore.Envelope, error)) error {
	return s.redactor.Redact(ctx, user, load)
}
