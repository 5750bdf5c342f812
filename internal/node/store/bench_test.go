package store_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

const benchEventBytes = 600

var committers = []int{1, 64}

// BenchmarkAppend appends one event a call, every call to a new stream, and waits for the disk each time.
func BenchmarkAppend(b *testing.B) {
	for _, n := range committers {
		b.Run(fmt.Sprintf("committers=%d", n), func(b *testing.B) {
			s := open(b, store.Options{Dir: b.TempDir()})
			data := make([]byte, benchEventBytes)
			inParallel(b, n, func(uint64) error {
				id := uuid.New()
				_, err := s.Append(b.Context(), "account-"+id.String(), store.NoStream,
					[]store.Event{{ID: store.ID(id), Type: "account.user_created.v1", JSON: true, Data: data}})
				return err
			})
		})
	}
}

// BenchmarkRawPebble is the measure for BenchmarkAppend: the same three keys in a synced batch, and nothing else.
func BenchmarkRawPebble(b *testing.B) {
	for _, n := range committers {
		b.Run(fmt.Sprintf("committers=%d", n), func(b *testing.B) {
			db, err := pebble.Open(b.TempDir(), &pebble.Options{MemTableSize: 16 << 20, Logger: silent{}})
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := db.Close(); err != nil {
					b.Error(err)
				}
			}()
			data := make([]byte, benchEventBytes)
			inParallel(b, n, func(i uint64) error {
				key := binary.BigEndian.AppendUint64(nil, i)
				stream := "account-" + uuid.NewString()
				batch := db.NewBatch()
				for _, entry := range [][2][]byte{
					{append([]byte("e"), key...), data},
					{[]byte("s" + stream + "\x00"), key},
					{[]byte("h" + stream), key},
				} {
					if err := batch.Set(entry[0], entry[1], nil); err != nil {
						return err
					}
				}
				return batch.Commit(pebble.Sync)
			})
		})
	}
}

// inParallel runs work b.N times from n goroutines and reports rate and p50.
func inParallel(b *testing.B, n int, work func(i uint64) error) {
	b.Helper()
	var next atomic.Uint64
	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	runtime.GC()
	b.ResetTimer()
	before := cpuTime(b)
	for range n {
		group.Go(func() {
			var times []time.Duration
			for i := next.Add(1); i <= uint64(b.N); i = next.Add(1) {
				start := time.Now()
				if err := work(i); err != nil {
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
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
	}
}

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}

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

// BenchmarkOpen opens a log of a million events and reports the memory that is then in use.
func BenchmarkOpen(b *testing.B) {
	const events, each = 1_000_000, 500
	dir := b.TempDir()
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	batch := make([]store.Event, each)
	for i := range batch {
		batch[i] = store.Event{Type: "account.user_created.v1", JSON: true, Data: make([]byte, benchEventBytes)}
	}
	for n := 0; n < events; n += each {
		for i := range batch {
			batch[i].ID = store.ID(uuid.New())
		}
		if _, err := s.Append(b.Context(), fmt.Sprintf("s-%d", n), store.NoStream, batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := store.Open(store.Options{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapInuse)/(1<<20), "heap-MiB")
		if s.Last() != events {
			b.Fatalf("the log ends at %d", s.Last())
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkVerify reads a whole log.
func BenchmarkVerify(b *testing.B) {
	const events = 100_000
	dir := b.TempDir()
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	for n := range events / 500 {
		if _, err := s.Append(b.Context(), fmt.Sprintf("s-%d", n), store.NoStream, newEvents(500)); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := store.Verify(b.Context(), store.Options{Dir: dir}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
