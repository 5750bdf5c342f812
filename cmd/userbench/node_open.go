package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

const (
	openWithin  = 3 * time.Second
	openFillers = 8
	openBatch   = 500
	openStream  = 10 // events of a stream
	// openGrowth is how many times the memory of the first pass over the log the second may take.
	openGrowth = 1.2
)

// openLog measures how long userd takes to serve a log of many events, and whether its memory grows with what is read.
func (b *bench) openLog(ctx context.Context, events int) ([]nodeRow, error) {
	data := filepath.Join(b.dir, "o")
	b.say("writing a log of %d events", events)
	if err := fillLog(ctx, data, events); err != nil {
		return nil, fmt.Errorf("fill a log: %w", err)
	}
	if _, err := b.buildUserd(ctx); err != nil {
		return nil, err
	}
	if err := quiet(ctx, b.patience); err != nil {
		return nil, err
	}
	before := now()
	process, err := b.launchNode(ctx, data)
	if err != nil {
		return nil, err
	}
	opened := now()
	rows := []nodeRow{goalRow(fmt.Sprintf("start on a log of %s events until ready", whole(float64(events))),
		fmt.Sprintf("%.2f s", opened.at.Sub(before.at).Seconds()), fmt.Sprintf("<= %.0f s, of %s events", openWithin.Seconds(), whole(nodeEventsGoal)),
		opened.at.Sub(before.at) <= openWithin, foreign(before, opened))}
	row, err := b.readTwice(ctx, process, events)
	if err == nil {
		rows = append(rows, row)
	}
	return rows, errors.Join(err, process.stop())
}

// readTwice reads the whole log twice and compares the memory of the process after each pass.
func (b *bench) readTwice(ctx context.Context, process *service, events int) (nodeRow, error) {
	ready, err := peakMemory(process.pid())
	if err != nil {
		return nodeRow{}, err
	}
	configuration, err := esdb.ParseConnectionString("esdb://" + process.store + "?tls=false")
	if err != nil {
		return nodeRow{}, err
	}
	client, err := esdb.NewClient(configuration)
	if err != nil {
		return nodeRow{}, err
	}
	defer client.Close() //nolint:errcheck // nothing is on its way
	var passes [2]int
	for i := range passes {
		log, err := client.ReadAll(ctx, esdb.ReadAllOptions{From: esdb.Start{}}, uint64(events)*2)
		if err != nil {
			return nodeRow{}, err
		}
		n, err := drain(log)
		log.Close()
		if err == nil && n < uint64(events) {
			err = fmt.Errorf("%d of %d events were read", n, events)
		}
		if err != nil {
			return nodeRow{}, err
		}
		if passes[i], err = peakMemory(process.pid()); err != nil {
			return nodeRow{}, err
		}
	}
	return goalRow("memory while that log is read",
		fmt.Sprintf("%d MiB when ready, %d MiB after one pass, %d MiB after two", ready, passes[0], passes[1]),
		fmt.Sprintf("the second pass adds <= %.0f %%", 100*(openGrowth-1)), float64(passes[1]) <= openGrowth*float64(passes[0]), 0), nil
}

// fillLog writes a log without a server.
func fillLog(ctx context.Context, dir string, events int) error {
	log, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan int)
	var group sync.WaitGroup
	for range openFillers {
		group.Go(func() {
			for n := range batches {
				if err := appendStreams(ctx, log, n); err != nil {
					cancel(err)
				}
			}
		})
	}
	for left := events; left > 0 && ctx.Err() == nil; left -= openBatch {
		batches <- min(left, openBatch)
	}
	close(batches)
	group.Wait()
	return errors.Join(context.Cause(ctx), log.Close())
}

// appendStreams appends so many events to new streams of a few each, and waits for the disk once.
func appendStreams(ctx context.Context, log *store.Store, n int) error {
	var pending []store.Pending
	data := make([]byte, mixEventBytes)
	for ; n > 0; n -= openStream {
		events := make([]store.Event, min(n, openStream))
		for i := range events {
			events[i] = store.Event{ID: store.ID(uuid.New()), Type: "bench", Data: data}
		}
		one, err := log.Begin(ctx, "bench-"+uuid.NewString(), store.NoStream, events)
		if err != nil {
			return err
		}
		pending = append(pending, one)
	}
	for _, one := range pending {
		if _, err := one.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}
