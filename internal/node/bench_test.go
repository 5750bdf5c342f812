package node_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"

	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
)

const benchEventBytes = 600

// BenchmarkAppend appends one event a call through gRPC, every call to a new stream. BenchmarkMinimalAppend is its
// measure.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			benchAppends(b, streams.NewStreamsClient(dial(b, nodetest.Start(b).Address)), callers)
		})
	}
}

// BenchmarkMinimalAppend appends through a server that does nothing but decode and write three keys to Pebble.
func BenchmarkMinimalAppend(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			benchAppends(b, streams.NewStreamsClient(dial(b, startMinimal(b))), callers)
		})
	}
}

func benchAppends(b *testing.B, client streams.StreamsClient, callers int) {
	data := make([]byte, benchEventBytes)
	inParallel(b, callers, func() error {
		stream := "account-" + uuid.NewString()
		return appendOnce(b.Context(), client, stream, data)
	})
}

// BenchmarkReadAll reads the whole log; one operation is one event. BenchmarkBareStream is its measure.
func BenchmarkReadAll(b *testing.B) {
	n := nodetest.Start(b)
	const events = 50_000
	fill(b, n.Node(), events, 1000)
	client := streams.NewStreamsClient(dial(b, n.Address))
	for name, options := range map[string]*streams.ReadReq_Options{
		"count":     readAll(1 << 40),
		"subscribe": subscribeAll(),
		"filtered":  withoutSystemEvents(subscribeAll()),
	} {
		b.Run(name, func(b *testing.B) {
			left := b.N
			b.ResetTimer()
			before := cpuTime(b)
			for left > 0 {
				left -= drain(b, client, options, min(left, events))
			}
			reportCPU(b, before)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkReadStream reads a stream of 20 events, one read at a time.
func BenchmarkReadStream(b *testing.B) {
	n := nodetest.Start(b)
	fill(b, n.Node(), 20_000, 20)
	client := streams.NewStreamsClient(dial(b, n.Address))
	next := 0
	b.ResetTimer()
	inParallel(b, 1, func() error {
		next++
		return readOnce(b.Context(), client, readStream(fmt.Sprintf("s-%d", next%1000)))
	})
}

// BenchmarkLive measures from the start of an append until a live subscriber, one of eight, has the event.
func BenchmarkLive(b *testing.B) {
	n := nodetest.Start(b)
	client := streams.NewStreamsClient(dial(b, n.Address))
	seen := make(chan struct{}, 1)
	for i := range 8 {
		call, err := client.Read(b.Context(), &streams.ReadReq{Options: withoutSystemEvents(subscribeAll())})
		if err != nil {
			b.Fatal(err)
		}
		awaitCaughtUp(b, call)
		go func() {
			for {
				response, err := call.Recv()
				if err != nil {
					return
				}
				if i == 7 && response.GetEvent() != nil {
					seen <- struct{}{}
				}
			}
		}()
	}
	data := make([]byte, benchEventBytes)
	b.ResetTimer()
	inParallel(b, 1, func() error {
		if err := appendOnce(b.Context(), client, "account-"+uuid.NewString(), data); err != nil {
			return err
		}
		<-seen
		return nil
	})
}

func drain(b *testing.B, client streams.StreamsClient, options *streams.ReadReq_Options, events int) int {
	call, err := client.Read(b.Context(), &streams.ReadReq{Options: options})
	if err != nil {
		b.Fatal(err)
	}
	for got := 0; got < events; {
		response, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			b.Fatal(err)
		}
		if response.GetEvent() != nil {
			got++
		}
	}
	return events
}

// fill appends events in process, perStream to each stream "s-0", "s-1", ….
func fill(t testing.TB, n *node.Node, events, perStream int) {
	t.Helper()
	for i := range events / perStream {
		if _, err := n.Append(t.Context(), fmt.Sprintf("s-%d", i), -1, storeEvents(perStream, benchEventBytes)); err != nil {
			t.Fatal(err)
		}
	}
}

// inParallel runs work b.N times from n goroutines and reports rate and percentiles.
func inParallel(b *testing.B, n int, work func() error) {
	b.Helper()
	var next atomic.Int64
	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	b.ResetTimer()
	before := cpuTime(b)
	for range n {
		group.Go(func() {
			var times []time.Duration
			for next.Add(1) <= int64(b.N) {
				start := time.Now()
				if err := work(); err != nil {
					b.Error(err)
					return
				}
				times = append(times, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, times...)
		})
	}
	group.Wait()
	b.StopTimer()
	reportCPU(b, before)
	slices.Sort(all)
	if len(all) > 0 {
		b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-us")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-us")
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
	}
}

// cpuTime is what the process has used so far. Unlike the clock it hardly depends on what else the machine does.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func reportCPU(b *testing.B, before time.Duration) {
	b.Helper()
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
}

// BenchmarkBatchAppend appends 50 events a batch, 64 batches at a time in one call; one operation is one event.
func BenchmarkBatchAppend(b *testing.B) {
	const events, inFlight = 50, 64
	call := openBatches(b, nodetest.Start(b))
	data := make([]byte, benchEventBytes)
	slots := make(chan struct{}, inFlight)
	batches := (b.N + events - 1) / events
	b.ResetTimer()
	go func() {
		for range batches {
			slots <- struct{}{}
			message := newStream(uuid.New(), "account-"+uuid.NewString(), events)
			for _, one := range message.GetProposedMessages() {
				one.Data = data
			}
			if err := call.Send(message); err != nil {
				return // the answers tell why
			}
		}
	}()
	for range batches {
		if answer := nextAnswer(b, call); answer.GetSuccess() == nil {
			b.Fatal(answer)
		}
		<-slots
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
