package feed_test

import (
	"context"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"am-user-management/internal/feed"
)

func TestMain(m *testing.M) {
	restartIfAsked()
	os.Exit(m.Run())
}

// quick tunes a subscriber so that back-offs do not slow a test down.
var quick = feed.SubscriberOptions{
	Nacked:  feed.Backoff{First: time.Microsecond, Most: time.Millisecond},
	Dropped: feed.Backoff{First: time.Microsecond, Most: time.Millisecond},
	Grace:   time.Millisecond,
}

func subscribe(t *testing.T, log feed.Log, turns feed.Turns, options feed.SubscriberOptions) (*feed.Subscriber, <-chan *message.Message) {
	t.Helper()
	s := feed.NewSubscriber(log, turns, options)
	messages, err := s.Subscribe(t.Context(), feed.All)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, messages
}

func batchOf(t *testing.T, msg *message.Message) feed.Batch {
	t.Helper()
	batch, ok := feed.BatchOf(msg)
	if !ok {
		t.Fatal("the message carries no batch")
	}
	return batch
}

// take acknowledges messages until count events came, and fails unless they are those from first on, in order.
func take(t *testing.T, messages <-chan *message.Message, first, count int) {
	t.Helper()
	for next := first; next < first+count; {
		msg := receive(t, messages)
		for _, event := range batchOf(t, msg).Events {
			if event.ID != eventID(next) {
				t.Fatalf("event %s came instead of number %d", event.ID, next)
			}
			next++
		}
		msg.Ack()
	}
}

func TestBatchIsWhatIsThere(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	_, messages := subscribe(t, log, feed.FromStart{}, quick)

	log.add(1)
	msg := receive(t, messages)
	if got := len(batchOf(t, msg).Events); got != 1 {
		t.Fatalf("the only event came in a batch of %d", got)
	}
	// While that one is handled more is written than fits: what was read ahead comes next, in one batch.
	log.add(2000)
	waitHanded(t, log, 501)
	msg.Ack()
	msg = receive(t, messages)
	batch := batchOf(t, msg)
	if len(batch.Events) != feed.DefaultMaxEvents {
		t.Fatalf("a full buffer came as a batch of %d", len(batch.Events))
	}
	if batch.Last != at(500) || msg.Metadata.Get(feed.MetaLast) != "5010/5010" || msg.Metadata.Get(feed.MetaFirst) != "20/20" {
		t.Errorf("the batch says it is %v, metadata %v", batch.Last, msg.Metadata)
	}
}

// waitHanded waits until the log handed out that many items.
func waitHanded(t *testing.T, log *fakeLog, count int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		if _, handed := log.counts(); handed >= count {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the log was not read")
		}
		<-time.After(time.Millisecond)
	}
}

func TestBatchIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	options := quick
	options.MaxBytes = 10
	log.add(100) // one or two bytes each
	log.items[50].Event.Data = make([]byte, 1000)
	_, messages := subscribe(t, log, feed.FromStart{}, options)
	for next := 0; next < 100; {
		msg := receive(t, messages)
		batch, size := batchOf(t, msg), 0
		for _, event := range batch.Events {
			size += len(event.Data)
		}
		if size > options.MaxBytes && len(batch.Events) > 1 {
			t.Fatalf("%d bytes in %d events", size, len(batch.Events))
		}
		next += len(batch.Events)
		msg.Ack()
	}
}

func TestSlowHandlerHoldsTheStreamBack(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	log.add(10_000)
	options := quick
	options.MaxEvents = 100
	_, messages := subscribe(t, log, feed.FromStart{}, options)
	msg := receive(t, messages)
	first := len(batchOf(t, msg).Events)
	waitHanded(t, log, first+100)
	// One batch is being handled, one is ahead, and the reader holds one item that does not fit.
	<-time.After(20 * time.Millisecond)
	if _, handed := log.counts(); handed > first+100+1 {
		t.Errorf("%d events were read while %d are handled", handed, first)
	}
	msg.Ack()
	take(t, messages, first, 10_000-first)
}

func TestOrderUnderRandomNacks(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	log.add(5_000)
	options := quick
	options.MaxEvents = 7
	_, messages := subscribe(t, log, feed.FromStart{}, options)
	random := rand.New(rand.NewPCG(1, 2))
	for next := 0; next < 5_000; {
		msg := receive(t, messages)
		batch := batchOf(t, msg)
		for i, event := range batch.Events {
			if event.ID != eventID(next+i) {
				t.Fatalf("event %s came instead of number %d", event.ID, next+i)
			}
		}
		if random.IntN(3) == 0 {
			msg.Nack()
			continue
		}
		next += len(batch.Events)
		msg.Ack()
	}
}

func TestDropAtEveryEvent(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	dropped := make(map[int]bool)
	log.drop = func(index int) bool {
		drop := !dropped[index]
		dropped[index] = true
		return drop
	}
	log.add(500)
	_, messages := subscribe(t, log, newFakeTurns(), quick)
	take(t, messages, 0, 500)
	if opened, _ := log.counts(); opened < 500 {
		t.Errorf("%d subscriptions for 500 drops", opened)
	}
}

func TestPositionsWithoutEventsAdvance(t *testing.T) {
	t.Parallel()
	log, turns := newFakeLog(), newFakeTurns()
	_, messages := subscribe(t, log, turns, quick)
	log.checkpoint(at(41))
	if moved := receive(t, turns.moved); moved != at(41) {
		t.Errorf("moved to %v", moved)
	}
	select {
	case <-messages:
		t.Error("a message without events came")
	default:
	}
}

func TestLostTurnCancelsTheMessageAndResumesFromTheGroupsPosition(t *testing.T) {
	t.Parallel()
	log, turns := newFakeLog(), newFakeTurns()
	_, messages := subscribe(t, log, turns, quick)
	log.add(1)
	take(t, messages, 0, 1)
	log.add(1)
	msg := receive(t, messages)
	turns.lose()
	receive(t, closed(msg.Context().Done()))
	select {
	case <-messages:
		t.Fatal("the next turn began before the handler of the last returned")
	case <-time.After(10 * time.Millisecond):
	}
	msg.Nack()
	take(t, messages, 1, 1)
}

// closed makes the end of a channel something to receive.
func closed(done <-chan struct{}) <-chan struct{} {
	note := make(chan struct{}, 1)
	go func() { <-done; note <- struct{}{} }()
	return note
}

func TestCloseWaitsForTheMessageInFlight(t *testing.T) {
	t.Parallel()
	log, turns := newFakeLog(), newFakeTurns()
	patient := quick
	patient.Grace = patience
	s, messages := subscribe(t, log, turns, patient)
	log.add(1)
	msg := receive(t, messages)
	done := make(chan struct{})
	go func() { _ = s.Close(); close(done) }()
	select {
	case <-done:
		t.Fatal("closed while a message was handled")
	case <-msg.Context().Done():
		t.Fatal("the message was cancelled within its grace")
	case <-time.After(10 * time.Millisecond):
	}
	log.add(1)
	msg.Ack()
	receive(t, closed(done))
	if _, open := <-messages; open {
		t.Error("a message came after Close")
	}
	if moved := receive(t, turns.moved); moved != at(0) {
		t.Errorf("the acknowledged position is %v", moved)
	}
	if _, err := s.Subscribe(t.Context(), feed.All); err == nil {
		t.Error("a closed subscriber subscribed")
	}
	// What was not acknowledged comes to the next subscriber, and nothing else.
	_, messages = subscribe(t, log, turns, quick)
	take(t, messages, 1, 1)
}

func TestGraceEnds(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	s, messages := subscribe(t, log, feed.FromStart{}, quick)
	log.add(1)
	msg := receive(t, messages)
	_ = s.Close()
	if msg.Context().Err() == nil {
		t.Error("the message outlives its subscriber")
	}
}

func TestContextEndsTheSubscription(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	s := feed.NewSubscriber(log, feed.FromStart{}, quick)
	ctx, cancel := context.WithCancel(t.Context())
	messages, err := s.Subscribe(ctx, feed.All)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for range messages { // waits for the end
	}
	_ = s.Close()
}
