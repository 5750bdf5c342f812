package persistent

import (
	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// widest is how many records are looked at in one go where few of them are for the group.
const widest = 256

// reading is one goroutine's work for a group.
type reading struct {
	*subscription

	page store.Page
	// span is how many records to look at in one go. It grows while few of them are for the group.
	span int
}

// read reads what the group wants until it wants nothing more. What fails is wanted again at the next tick.
func (s *subscription) read(want group.Want) {
	r := &reading{subscription: s, span: want.Limit}
	for there := true; there; {
		batch, err := r.batch(want)
		if err != nil {
			s.logFailure("read for a persistent subscription", err)
		}
		s.mu.Lock()
		if err != nil {
			s.group.Failed(want)
			s.reading = false
			s.mu.Unlock()
			return
		}
		s.group.Add(want, batch, s.elapsed())
		want, there = s.next()
		s.reading = there
		s.work()
		s.mu.Unlock()
	}
}

// next returns what to read next, unless the subscription has ended.
func (s *subscription) next() (group.Want, bool) {
	if s.hasEnded() {
		return group.Want{}, false
	}
	return s.group.Want()
}

func (r *reading) batch(want group.Want) (group.Batch, error) {
	r.span = max(r.span, want.Limit)
	var batch group.Batch
	var err error
	switch {
	case want.Parked:
		batch, err = r.stream(parkedStream(r.definition.Stream, r.definition.Group), want)
	case r.definition.Stream == AllStream:
		batch, err = r.all(want)
	default:
		batch, err = r.stream(r.definition.Stream, want)
	}
	if len(batch.Events) < want.Limit/2 {
		r.span = min(2*r.span, widest)
	} else {
		r.span = want.Limit
	}
	return batch, err
}

// stream reads from one stream. What is hidden is passed over, and a stream that isn't there has come to its end.
func (r *reading) stream(name string, want group.Want) (group.Batch, error) {
	batch := group.Batch{Next: want.From, End: true}
	view, err := r.store.Stream(r.running, name)
	if err != nil || view.Tombstoned || !view.Found() {
		return batch, err
	}
	last := view.Last
	if want.Parked {
		last = min(last, want.Until-1)
	}
	from := max(want.From, view.First)
	if from > last {
		return batch, nil
	}
	to := min(from+int64(r.span)-1, last)
	if err := r.store.ReadStream(&r.page, view, from, to, false); err != nil {
		return batch, err
	}
	batch.Next = to + 1
	batch.Events = make([]group.Event, 0, min(len(r.page.Records), want.Limit))
	for _, record := range r.page.Records {
		if len(batch.Events) == want.Limit {
			batch.Next = int64(record.Revision)
			break
		}
		event, err := r.event(record, int64(record.Revision), want.Parked)
		if err != nil {
			return batch, err
		}
		batch.Events = append(batch.Events, event)
	}
	batch.End = batch.Next > last
	return batch, nil
}

// all reads from the whole log.
func (r *reading) all(want group.Want) (group.Batch, error) {
	batch := group.Batch{Next: want.From, Events: make([]group.Event, 0, want.Limit)}
	_, err := r.store.ReadForward(&r.page, uint64(want.From), r.span)
	if err != nil {
		return batch, err
	}
	for _, record := range r.page.Records {
		if len(batch.Events) == want.Limit {
			break
		}
		batch.Next = int64(record.Position) + 1
		if record.Void() || !r.wanted(record) {
			batch.Skipped++
			continue
		}
		event, err := r.event(record, int64(record.Position), false)
		if err != nil {
			return batch, err
		}
		batch.Events = append(batch.Events, event)
	}
	batch.End = batch.Next > int64(r.store.Last())
	return batch, nil
}

// event makes an event of a record, following a link if asked for. A parked event is always a link to follow.
func (r *reading) event(record *store.Record, number int64, replayed bool) (group.Event, error) {
	event := group.Event{Number: number, Replayed: replayed}
	kept, err := record.Clone()
	if err != nil {
		return event, err
	}
	stream, revision, link := kept.LinkTarget()
	if !link || !replayed && !r.definition.Settings.ResolveLinks {
		event.Record = kept
		return event, nil
	}
	event.Link = kept
	target, err := r.store.Event(r.running, stream, revision)
	if err == nil && target != nil {
		event.Record, err = target.Clone()
	}
	return event, err
}
