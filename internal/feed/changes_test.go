package feed_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

// ids decodes an event to its id and nothing else.
type ids struct{}

func (ids) Decode(_ context.Context, records []eventstore.Recorded) ([]eventstore.Envelope, error) {
	all := make([]eventstore.Envelope, len(records))
	for i, record := range records {
		all[i] = eventstore.Envelope{ID: record.ID, Position: record.Position}
	}
	return all, nil
}

func anyType(string) bool { return true }

func TestChangesAreReadInPiecesWithoutGapOrDouble(t *testing.T) {
	log := newFakeLog()
	log.add(25)
	changes := feed.NewChanges(log, ids{})
	after, n := eventstore.Position{}, 0
	for {
		events, next, err := changes.Read(t.Context(), after, anyType, 4, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		for _, event := range events {
			if event.ID != eventID(n) {
				t.Fatalf("event %d is %s", n, event.ID)
			}
			n++
		}
		after = next
	}
	if n != 25 || after != at(24) {
		t.Errorf("%d events, up to %+v", n, after)
	}
	if open := log.open(); open != 0 {
		t.Errorf("%d subscriptions are left", open)
	}
}

func TestAReaderOfRareChangesMovesOn(t *testing.T) {
	log := newFakeLog()
	log.add(20)
	changes := feed.NewChanges(log, ids{})
	events, next, err := changes.Read(t.Context(), eventstore.Position{}, func(kind string) bool { return kind == "test.ignored.v1" }, 1, 0)
	if err != nil || len(events) != 1 || events[0].ID != eventID(9) {
		t.Fatalf("%v, %v", events, err)
	}
	if events, next, err = changes.Read(t.Context(), next, func(string) bool { return false }, 1, 0); err != nil || len(events) != 0 || next != at(19) {
		t.Errorf("%v up to %+v, %v", events, next, err)
	}
}

func TestAReaderWaitsForTheNextChange(t *testing.T) {
	log := newFakeLog()
	head := log.add(1)
	changes := feed.NewChanges(log, ids{})
	if events, next, err := changes.Read(t.Context(), head, anyType, 5, 10*time.Millisecond); err != nil || len(events) != 0 || next != head {
		t.Fatalf("nothing new: %v up to %+v, %v", events, next, err)
	}
	read := make(chan int)
	go func() {
		events, _, err := changes.Read(t.Context(), head, anyType, 5, time.Minute)
		if err != nil {
			t.Error(err)
		}
		read <- len(events)
	}()
	log.add(1)
	if n := <-read; n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestChangesReportABrokenLog(t *testing.T) {
	log := newFakeLog()
	log.add(3)
	log.drop = func(index int) bool { return index == 1 }
	if _, next, err := feed.NewChanges(log, ids{}).Read(t.Context(), eventstore.Position{}, anyType, 3, 0); !errors.Is(err, errDropped) || !next.IsZero() {
		t.Errorf("up to %+v, %v", next, err)
	}
}
