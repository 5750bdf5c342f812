package esdbstore

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/steady"
)

const (
	firstPause = 20 * time.Millisecond
	longPause  = 500 * time.Millisecond
)

// failure is why no try succeeded.
type failure struct {
	rule            error // of package eventstore
	cause           error
	mayHaveHappened bool // at least one try ended without a word about its outcome
}

// try calls until the store gives an answer or the context ends, with growing, random pauses.
func try[T any](ctx context.Context, s *Store, call func(context.Context, *esdb.Client) (T, error)) (T, *failure) {
	var none T
	failed := failure{rule: eventstore.ErrUnavailable, cause: ctx.Err()}
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longPause) {
		result, err := once(ctx, s, call)
		if err == nil {
			return result, nil
		}
		judged := judge(err)
		if judged.final != nil {
			return none, &failure{rule: judged.final, cause: err}
		}
		failed.mayHaveHappened = failed.mayHaveHappened || !judged.harmless
		failed.cause = err
		rest := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-ctx.Done():
		case <-rest.C:
		}
		rest.Stop()
	}
	return none, &failed
}

func once[T any](ctx context.Context, s *Store, call func(context.Context, *esdb.Client) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.TryTimeout)
	defer cancel()
	return steady.Do(ctx, s.client, call)
}
