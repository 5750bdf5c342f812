package feed_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

// follower is a consumer that checks what it gets, and opens again after a drop as a Subscriber does.
type follower struct {
	shared *feed.SharedLog
	stream feed.Stream
	next   int // the number of the item that must come
}

func (f *follower) open(ctx context.Context) error {
	var after eventstore.Position
	if f.next > 0 {
		after = at(f.next - 1)
	}
	for {
		stream, err := f.shared.Open(ctx, feed.All, after)
		if err == nil {
			f.stream = stream
		}
		if !errors.Is(err, errDropped) {
			return err
		}
	}
}

// read takes items until it has those before end, over as many subscriptions as it takes.
func (f *follower) read(ctx context.Context, end int) error {
	for f.next < end {
		item, err := f.stream.Recv()
		switch {
		case errors.Is(err, errDropped):
			f.stream.Close()
			if err := f.open(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case item.At != at(f.next) || item.HasEvent && item.Event.ID != eventID(f.next):
			return fmt.Errorf("event %s at %v came instead of number %d", item.Event.ID, item.At, f.next)
		}
		f.next++
	}
	return nil
}

// TestEveryFollowerSeesTheLogOnce opens, closes, reads and drops in any order, with very little memory.
func TestEveryFollowerSeesTheLogOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		log, length := newFakeLog(), 0
		drops := make(map[int]int)
		log.drop = func(index int) bool {
			drops[index]--
			return drops[index] >= 0
		}
		shared := feed.NewSharedLog(log, feed.SharedOptions{
			RecentItems: rapid.IntRange(1, 9).Draw(t, "items"), RecentBytes: rapid.IntRange(1, 20).Draw(t, "bytes"),
		})
		var followers []*follower
		defer func() {
			for _, f := range followers {
				f.stream.Close()
			}
			if left := log.open(); left != 0 {
				t.Errorf("%d subscriptions are left", left)
			}
		}()
		one := func() *follower {
			if len(followers) == 0 {
				t.Skip("nobody follows")
			}
			return followers[rapid.IntRange(0, len(followers)-1).Draw(t, "follower")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				count := rapid.IntRange(1, 12).Draw(t, "count")
				log.add(count)
				length += count
			},
			"checkpoint": func(*rapid.T) {
				log.checkpoint(at(length))
				length++
			},
			"drop": func(t *rapid.T) {
				log.mu.Lock()
				defer log.mu.Unlock()
				drops[rapid.IntRange(0, length+5).Draw(t, "before")]++
			},
			"open": func(t *rapid.T) {
				f := &follower{shared: shared, next: rapid.IntRange(0, length).Draw(t, "at")}
				if err := f.open(ctx); err != nil {
					t.Fatal(err)
				}
				followers = append(followers, f)
			},
			"close": func(t *rapid.T) {
				f := one()
				f.stream.Close()
				if err := f.open(ctx); err != nil {
					t.Fatal(err)
				}
			},
			"read": func(t *rapid.T) {
				f := one()
				if err := f.read(ctx, min(length, f.next+rapid.IntRange(1, 8).Draw(t, "count"))); err != nil {
					t.Fatal(err)
				}
			},
		})
		for _, f := range followers {
			if err := f.read(ctx, length); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestFollowersAtOnce has ten of them read while somebody writes and subscriptions drop.
func TestFollowersAtOnce(t *testing.T) {
	t.Parallel()
	const length = 10_000
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	log := newFakeLog()
	drops := rand.New(rand.NewPCG(3, 4))
	log.drop = func(int) bool { return drops.IntN(500) == 0 }
	shared := feed.NewSharedLog(log, feed.SharedOptions{RecentItems: 64})
	var followers sync.WaitGroup
	for n := range 10 {
		followers.Go(func() {
			f := &follower{shared: shared, next: n * 10}
			err := f.open(ctx)
			if err == nil {
				err = f.read(ctx, length)
				f.stream.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for written := 0; written < length; {
		count := min(1+random.IntN(20), length-written)
		log.add(count)
		written += count
		waitHanded(t, log, written/2) // now ahead of them, now not
	}
	followers.Wait()
	if left := log.open(); left != 0 {
		t.Errorf("%d subscriptions are left", left)
	}
}
