package main

import (
	"context"
	"errors"
	"time"

	"am-user-management/commands/sagas"
	"am-user-management/internal/imports"
	"am-user-management/internal/limiter"
	"am-user-management/readmodel"
)

// keepRequests is how long an Idempotency-Key of a request that left no event is remembered.
const keepRequests = 7 * 24 * time.Hour

// keepImports is how long the results of an import are kept after it is done.
const keepImports = 30 * 24 * time.Hour

// upkeep is the work that is due every minute: it releases abandoned claims, and forgets what nobody asks for any more.
type upkeep struct {
	reaper  *sagas.Reaper
	reader  *readmodel.Reader
	counts  *limiter.Limiter
	imports *imports.Imports
	clock   func() time.Time
}

// ReapClaims does it and returns how many claims were released.
func (u upkeep) ReapClaims(ctx context.Context) (int, error) {
	released, err := u.reaper.ReapClaims(ctx)
	return released, errors.Join(err, u.reader.Forget(ctx, u.clock().Add(-keepRequests)), u.counts.Sweep(ctx),
		u.imports.Forget(ctx, u.clock().Add(-keepImports)))
}
