package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

const (
	mixEventBytes = 256
	mixStream     = 20      // events of the stream that is read
	mixReadAtMost = 200_000 // events of the log that are read in one turn
)

// mix measures what EventStoreDB was measured with.
func (t *target) mix(ctx context.Context) ([]nodeRow, error) {
	var rows []nodeRow
	for _, one := range []struct {
		callers int
		figures figures
	}{
		{1, figures{rate: span{420, 620}, p50: span{1.3, 1.7}, p99: span{7, 13}}},
		{64, figures{rate: span{8_500, 8_800}, p50: span{6.5, 6.5}, p99: span{17, 29}}},
		{256, figures{rate: span{10_700, 13_700}, p50: span{17, 22}}},
	} {
		s, err := t.turns(ctx, load{Callers: one.callers, For: t.seconds}, t.appends(mixEventBytes))
		if err != nil {
			return rows, fmt.Errorf("append: %w", err)
		}
		rows = append(rows, held(fmt.Sprintf("append, %d at a time", one.callers), s, one.figures))
	}
	row, err := t.batches(ctx)
	if err != nil {
		return rows, fmt.Errorf("batch append: %w", err)
	}
	rows = append(rows, row)
	for _, one := range []struct {
		what    string
		load    load
		work    func(ctx context.Context, l load) (sample, error)
		figures figures
	}{
		{"read $all", load{}, t.readAll, figures{rate: span{52_000, 106_000}}},
		{"catch-up subscription to $all", load{}, t.catchUp, figures{rate: span{52_000, 106_000}}},
		{fmt.Sprintf("read %d events of a stream, 1 at a time", mixStream), load{Callers: 1, For: t.seconds}, t.streamReads(), figures{rate: span{1_300, 1_900}, p50: span{0.5, 0.5}}},
		{"append until seen by a live $all subscriber", load{Callers: 1, For: t.seconds}, t.seen, figures{p50: span{0.9, 0.9}, p99: span{2.5, 2.5}}},
	} {
		s, err := t.turns(ctx, one.load, one.work)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", one.what, err)
		}
		rows = append(rows, held(one.what, s, one.figures))
	}
	return append(rows, t.memory()), nil
}

// turns has the server work under a load, after a shorter turn that does not count.
func (t *target) turns(ctx context.Context, l load, work func(ctx context.Context, l load) (sample, error)) (series, error) {
	warm := l
	warm.For /= 2
	if _, err := work(ctx, warm); err != nil {
		return nil, err
	}
	var s series
	for range t.rounds {
		one, err := t.turn(ctx, side{t.pid, work}, l)
		if err != nil {
			return nil, err
		}
		s = append(s, one)
	}
	return s, nil
}

// appends appends one event a call through the client, every call to a new stream.
func (t *target) appends(size int) func(ctx context.Context, l load) (sample, error) {
	data := make([]byte, size)
	return func(ctx context.Context, l load) (sample, error) {
		return drive(ctx, l, timed(func(ctx context.Context, _ int) error { return t.append(ctx, uuid.New(), data) }))
	}
}

func (t *target) append(ctx context.Context, id uuid.UUID, data []byte) error {
	_, err := t.client.AppendToStream(ctx, "bench-"+id.String(), esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}},
		esdb.EventData{EventID: id, EventType: "bench", ContentType: esdb.ContentTypeBinary, Data: data})
	return err
}

// readAll reads the log from its beginning.
func (t *target) readAll(ctx context.Context, _ load) (sample, error) {
	start := time.Now()
	log, err := t.client.ReadAll(ctx, esdb.ReadAllOptions{From: esdb.Start{}}, mixReadAtMost)
	if err != nil {
		return sample{}, err
	}
	defer log.Close()
	n, err := drain(log)
	return sample{Ops: n, Elapsed: time.Since(start)}, err
}

func drain(events *esdb.ReadStream) (n uint64, err error) {
	for {
		_, err := events.Recv()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n++
	}
}

// catchUp follows the log from its beginning until it has caught up.
func (t *target) catchUp(ctx context.Context, _ load) (sample, error) {
	start := time.Now()
	subscription, err := t.client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		return sample{}, err
	}
	defer subscription.Close() //nolint:errcheck // it was read
	for n := uint64(0); ; {
		message := subscription.Recv()
		switch {
		case message.SubscriptionDropped != nil:
			return sample{}, message.SubscriptionDropped.Error
		case message.EventAppeared != nil:
			n++
		}
		if n == mixReadAtMost || message.CaughtUp != nil {
			return sample{Ops: n, Elapsed: time.Since(start)}, nil
		}
	}
}

// streamReads reads one stream again and again.
func (t *target) streamReads() func(ctx context.Context, l load) (sample, error) {
	stream, filled := "bench-read-"+uuid.NewString(), false
	return func(ctx context.Context, l load) (sample, error) {
		if !filled {
			var events []esdb.EventData
			for range mixStream {
				events = append(events, esdb.EventData{EventID: uuid.New(), EventType: "bench", ContentType: esdb.ContentTypeBinary, Data: make([]byte, mixEventBytes)})
			}
			if _, err := t.client.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, events...); err != nil {
				return sample{}, err
			}
			filled = true
		}
		return drive(ctx, l, timed(func(ctx context.Context, _ int) error {
			read, err := t.client.ReadStream(ctx, stream, esdb.ReadStreamOptions{}, math.MaxInt64)
			if err != nil {
				return err
			}
			defer read.Close()
			if n, err := drain(read); err != nil || n != mixStream {
				return errors.Join(err, fmt.Errorf("%d events came, not %d", n, mixStream))
			}
			return nil
		}))
	}
}

// seen appends one event at a time and takes the time from the call's beginning until a live subscriber has the event.
func (t *target) seen(ctx context.Context, l load) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	subscription, err := t.client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.End{}})
	if err != nil {
		return sample{}, err
	}
	var following sync.WaitGroup
	defer following.Wait()
	defer subscription.Close() //nolint:errcheck // it was read
	arrived := make(chan uuid.UUID, 1)
	following.Go(func() {
		for {
			message := subscription.Recv()
			if message.SubscriptionDropped != nil {
				cancel(message.SubscriptionDropped.Error)
				return
			}
			if message.EventAppeared == nil {
				continue
			}
			select {
			case arrived <- message.EventAppeared.OriginalEvent().EventID:
			case <-ctx.Done():
				return
			}
		}
	})
	data := make([]byte, mixEventBytes)
	return drive(ctx, l, timed(func(ctx context.Context, _ int) error {
		id := uuid.New()
		appended := make(chan error, 1)
		go func() { appended <- t.append(ctx, id, data) }()
		for {
			select {
			case seen := <-arrived:
				if seen == id {
					return nil
				}
			case err := <-appended:
				if err != nil {
					return err
				}
				appended = nil // it is known to be there, and not seen yet
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}))
}

// memory is what the server has taken so far.
func (t *target) memory() nodeRow {
	published := span{470, 520}
	row := nodeRow{what: "memory of the server, at most", measured: "unknown process", against: published.text(whole) + " MB", verdict: "-"}
	if t.pid == 0 {
		return row
	}
	mib, err := peakMemory(t.pid)
	if err != nil {
		row.measured = err.Error()
		return row
	}
	mb := float64(mib) * (1 << 20) / 1e6
	row.measured, row.verdict = fmt.Sprintf("%.0f MB", mb), published.place(mb, true)
	return row
}
