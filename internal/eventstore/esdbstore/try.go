package esdbstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/internal/eventstore"
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
		client, err := s.use()
		if err == nil {
			var result T
			if result, err = once(ctx, s, client, call); err == nil {
				return result, nil
			}
			judged := judge(err)
			if judged.final != nil {
				return none, &failure{rule: judged.final, cause: err}
			}
			failed.mayHaveHappened = failed.mayHaveHappened || !judged.harmless
			if judged.closed {
				s.drop(client)
			}
		}
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

// once is one try. It comes back in time even if the client does not, and survives the client's panics: it knows only
// some of the messages that a server may send.
func once[T any](ctx context.Context, s *Store, client *esdb.Client, call func(context.Context, *esdb.Client) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.TryTimeout)
	type answer struct {
		result T
		err    error
	}
	answered := make(chan answer, 1)
	s.aside.do(func() {
		defer cancel()
		var a answer
		defer func() {
			if reason := recover(); reason != nil {
				a.err = fmt.Errorf("the event store client panicked: %v", reason)
			}
			answered <- a
		}()
		a.result, a.err = call(ctx, client)
	})
	select {
	case a := <-answered:
		return a.result, a.err
	case <-ctx.Done():
	}
	select {
	case a := <-answered: // both at once: an answer is worth more
		return a.result, a.err
	default:
		var none T
		return none, ctx.Err()
	}
}

// use returns the client, and makes one if there is none.
func (s *Store) use() (*esdb.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		client, err := s.connect()
		if err != nil {
			return nil, err
		}
		s.client = client
	}
	return s.client, nil
}

// drop lets the next call make a client. The dropped one is closed already.
func (s *Store) drop(client *esdb.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == client {
		s.client = nil
	}
}
