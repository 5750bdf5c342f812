package node

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

const (
	// batchTime is the most that a batch may take from its first message to its last, whatever its client asks for.
	batchTime = 2 * time.Second
	// batchesOnTheWay bounds how many batches of one call wait for the disk. The next message is read when one is answered.
	batchesOnTheWay = 1024
	// batchesOpen bounds how many batches of one call may wait for their last message.
	batchesOpen = 1024
	// batchBytes bounds the messages of batches that are not answered yet, of all calls together.
	batchBytes = 128 << 20
)

// batchCall is one call of BatchAppend: many appends side by side, each told from the others by its correlation id. Its
// loop collects the batches and begins the whole ones in the order in which they become so; a goroutine of its own
// answers in that order.
type batchCall struct {
	service *streamsService
	call    streams.Streams_BatchAppendServer
	// open are those that wait for more messages, by correlation id.
	open    map[store.ID]*batch
	answers chan batchAnswer
}

// BatchAppend writes each batch as one, as Append does, and answers failures inside the call, which goes on. A message
// that belongs to no batch, because the first of its correlation id had no options, is passed over; one that has no
// correlation id either ends the call.
func (s *streamsService) BatchAppend(call streams.Streams_BatchAppendServer) error {
	ctx, end := s.untilClosing(call.Context())
	defer end()
	b := &batchCall{service: s, call: call, open: map[store.ID]*batch{}, answers: make(chan batchAnswer, batchesOnTheWay)}
	answered := make(chan error, 1)
	go func() { answered <- b.answer(call.Context(), end) }()
	messages, failed := receiveBatches(ctx, call)
	err := b.collect(ctx, messages, failed)
	for _, one := range b.open {
		b.release(one)
	}
	close(b.answers)
	if unanswered := <-answered; err == nil {
		err = unanswered
	}
	return s.endOf(call.Context(), err)
}

// receiveBatches reads messages until the client closes its side, and then closes the first channel, or until the call
// ends, and then sends why.
func receiveBatches(ctx context.Context, call streams.Streams_BatchAppendServer) (<-chan *streams.BatchAppendReq, <-chan error) {
	messages, failed := make(chan *streams.BatchAppendReq), make(chan error, 1)
	go func() {
		for {
			message, err := call.Recv()
			switch {
			case errors.Is(err, io.EOF):
				close(messages)
				return
			case err != nil:
				failed <- err
				return
			}
			select {
			case messages <- message:
			case <-ctx.Done():
				return
			}
		}
	}()
	return messages, failed
}

// collect returns nil when the client has closed its side. Batches that cannot become whole any more are then timed out.
func (b *batchCall) collect(ctx context.Context, messages <-chan *streams.BatchAppendReq, failed <-chan error) error {
	expiry := time.NewTimer(batchTime)
	defer expiry.Stop()
	for {
		select {
		case message, more := <-messages:
			if !more {
				return b.expire(ctx, time.Time{})
			}
			if err := b.take(ctx, message); err != nil {
				return err
			}
		case <-expiry.C:
			if err := b.expire(ctx, b.service.clock()); err != nil {
				return err
			}
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
		expiry.Reset(b.untilExpiry())
	}
}

// take adds a message to its batch and begins the append if the batch is whole.
func (b *batchCall) take(ctx context.Context, message *streams.BatchAppendReq) error {
	id, err := batchID(message.GetCorrelationId())
	one, there := b.open[id]
	switch {
	case there:
		delete(b.open, id)
		one.correlation = message.GetCorrelationId() // its form may be another one
	case message.GetOptions() == nil && err != nil:
		return invalid(err.Error())
	case message.GetOptions() == nil:
		return nil
	default:
		one = newBatch(message, b.service.clock())
		if err == nil {
			err = b.checkOpening(ctx, one)
		}
		if err != nil {
			one.refused = err
		}
	}
	if one.refused == nil {
		if err := b.hold(ctx, one, message); err != nil {
			return err
		}
		one.add(message.GetProposedMessages(), b.service.store.MaxAppendSize())
	}
	switch {
	case one.refused != nil:
		return b.push(ctx, batchAnswer{batch: one, err: one.refused})
	case !one.expires.After(b.service.clock()):
		return b.push(ctx, batchAnswer{batch: one, err: errBatchTime})
	case !message.GetIsFinal():
		b.open[id] = one
		return nil
	}
	name := streamName(one.stream)
	if err := b.service.guard.Check(ctx, access.Write, name); err != nil {
		return b.push(ctx, batchAnswer{batch: one, err: err})
	}
	if err := b.service.guard.CheckLists(name, one.events); err != nil {
		return b.push(ctx, batchAnswer{batch: one, err: err})
	}
	pending, err := b.service.store.Begin(ctx, name, one.expected, one.events)
	return b.push(ctx, batchAnswer{batch: one, pending: pending, err: err})
}

// checkOpening returns what counts before anything else that may be wrong with a batch, in the order in which EventStoreDB
// looks.
func (b *batchCall) checkOpening(ctx context.Context, one *batch) error {
	name := streamName(one.stream)
	switch {
	case name == "":
		return errNoStreamName
	case len(b.open) >= batchesOpen:
		return errTooManyBatches
	}
	if err := b.service.guard.Check(ctx, access.Write, name); err != nil {
		return err
	}
	if !one.expires.After(b.service.clock()) {
		return errBatchTime
	}
	return nil
}

// hold makes room for a message until its batch is answered. A whole batch waits for room; one that is not would keep others
// from finishing.
func (b *batchCall) hold(ctx context.Context, one *batch, message *streams.BatchAppendReq) error {
	size := int64(proto.Size(message))
	if message.GetIsFinal() {
		if err := b.service.batches.Acquire(ctx, size); err != nil {
			return err
		}
	} else if !b.service.batches.TryAcquire(size) {
		one.refused = errTooManyBatches
		return nil
	}
	one.held += size
	return nil
}

func (b *batchCall) release(one *batch) { b.service.batches.Release(one.held) }

// expire answers the open batches whose time is over at now; all of them for the zero time.
func (b *batchCall) expire(ctx context.Context, now time.Time) error {
	for id, one := range b.open {
		if now.IsZero() || !one.expires.After(now) {
			delete(b.open, id)
			one.correlation = structuredID(uuid.UUID(id)) // as EventStoreDB answers it, whatever form it had
			if err := b.push(ctx, batchAnswer{batch: one, err: errBatchTime}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batchCall) untilExpiry() time.Duration {
	next := batchTime
	for _, one := range b.open {
		next = min(next, one.expires.Sub(b.service.clock()))
	}
	return next
}

func (b *batchCall) push(ctx context.Context, a batchAnswer) error {
	select {
	case b.answers <- a:
		return nil
	case <-ctx.Done():
		b.release(a.batch)
		return ctx.Err()
	}
}

// answer sends what has become of each batch. It returns the error with which the client could not be reached; who cannot
// be answered is not listened to either, so it ends the call then.
func (b *batchCall) answer(ctx context.Context, end func()) (failed error) {
	for a := range b.answers {
		result, err := store.Result{}, a.err
		if err == nil {
			result, err = a.pending.Wait(ctx)
		}
		b.release(a.batch) // before the answer: a client that does not read must not hold up others
		if failed == nil {
			failed = b.call.Send(a.batch.response(result, err))
		}
		if failed != nil {
			end()
		}
	}
	return failed
}
