package feed_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/feed"
)

// ignoring is a projection to which no event matters: it shows what the way to a projector costs, without Postgres.
type ignoring struct{ applying }

func (ignoring) Handles(string) bool { return false }

// BenchmarkLive is what an event costs this process from its append until every projection has passed it, while 64
// writers append: the node, the client that writes and the feed. Without projections it is the cost of the append.
func BenchmarkLive(b *testing.B) {
	for _, live := range []struct {
		name        string
		projections int
		of          func(applying) feed.Projection
	}{
		{"none", 0, nil},
		{"ten-ignore", 10, func(a applying) feed.Projection { return ignoring{a} }},
		{"ten-apply-nothing", 10, func(a applying) feed.Projection { return a }},
	} {
		b.Run(live.name, func(b *testing.B) {
			s := newStore(b)
			options := s.options()
			options.Timing = feed.Timing{}
			for i := range live.projections {
				projection := live.of(applying{strconv.Itoa(i), nothing})
				options.Consumers = append(options.Consumers, feed.Consumer{Projection: projection})
			}
			s.benchmarkLive(b, options)
		})
	}
}

func (s *store) benchmarkLive(b *testing.B, options feed.Options) {
	b.Helper()
	f, err := feed.New(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	s.write(b, "before-", 64)
	s.waitAll(ctx, b, f, options.Consumers)
	began := cpu(b)
	b.ResetTimer()
	s.write(b, "during-", b.N)
	s.waitAll(ctx, b, f, options.Consumers)
	b.StopTimer()
	b.ReportMetric(float64((cpu(b)-began).Microseconds())/float64(b.N), "cpu-us/event")
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// write appends events one by one, each to a new stream, 64 at a time.
func (s *store) write(b *testing.B, prefix string, count int) {
	b.Helper()
	next := make(chan int)
	var writers sync.WaitGroup
	for range 64 {
		writers.Go(func() {
			for i := range next {
				_, err := s.client.AppendToStream(b.Context(), prefix+strconv.Itoa(i),
					esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, esdb.EventData{
						EventID: uuid.New(), EventType: "test.counted.v1", ContentType: esdb.ContentTypeJson,
						Data: payload, Metadata: []byte(`{"schemaVersion":1}`),
					})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	writers.Wait()
}

func (s *store) waitAll(ctx context.Context, b *testing.B, f *feed.Feed, consumers []feed.Consumer) {
	b.Helper()
	last, err := s.log.Head(ctx)
	if err != nil {
		b.Fatal(err)
	}
	for _, consumer := range consumers {
		if _, err := f.Positions().Wait(ctx, consumer.Projection.Name(), last); err != nil {
			b.Fatal(err)
		}
	}
}
