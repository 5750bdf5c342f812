package sagas

import (
	"context"
	"errors"
	"time"

	"am-user-management/commands"
	"am-user-management/domain"
)

// OrphanClaim is a claim on an address that no account stands behind, as far as a table knows.
type OrphanClaim struct {
	Key   string
	Owner domain.ID
}

// Orphans finds claims made before a time. The table may lag: the reaper asks the streams before it releases one.
type Orphans interface {
	OrphanClaims(ctx context.Context, before time.Time, limit int) ([]OrphanClaim, error)
}

// Reaper releases the claims of sign-ups that never finished.
type Reaper struct {
	service *commands.Service
	orphans Orphans
	ttl     time.Duration
	clock   func() time.Time
}

// reapAtOnce bounds one run; the next goes on.
const reapAtOnce = 500

// NewReaper makes a reaper of claims that are older than ttl.
func NewReaper(service *commands.Service, orphans Orphans, ttl time.Duration, clock func() time.Time) *Reaper {
	return &Reaper{service: service, orphans: orphans, ttl: ttl, clock: clock}
}

// ReapClaims releases what it finds and returns how many claims it released. One that fails does not keep the others.
func (r *Reaper) ReapClaims(ctx context.Context) (int, error) {
	claims, err := r.orphans.OrphanClaims(ctx, r.clock().Add(-r.ttl), reapAtOnce)
	if err != nil {
		return 0, err
	}
	released := 0
	var failures []error
	for _, claim := range claims {
		ok, err := r.service.ReapClaim(ctx, claim.Key, claim.Owner)
		if err != nil {
			failures = append(failures, err)
		}
		if ok {
			released++
		}
	}
	return released, errors.Join(failures...)
}
