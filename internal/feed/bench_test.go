package feed_test

import (
	"context"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

// nothing is the projection that shows what the way to a projection costs.
func nothing(context.Context, pgx.Tx, []eventstore.Envelope) error { return nil }

// upserted is a projection of one row per stream, written in one statement per batch.
func upserted(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
	latest := make(map[string]int64, len(batch))
	for _, e := range batch {
		latest[e.Stream] = int64(e.Revision)
	}
	streams, revisions := make([]string, 0, len(latest)), make([]int64, 0, len(latest))
	for stream := range latest {
		streams = append(streams, stream)
	}
	sort.Strings(streams)
	for _, stream := range streams {
		revisions = append(revisions, latest[stream])
	}
	_, err := tx.Exec(ctx, `INSERT INTO upserted (stream, revision, text)
		SELECT stream, revision, 'some text of a usual length' FROM unnest($1::text[], $2::bigint[]) AS u (stream, revision)
		ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision WHERE upserted.revision < excluded.revision`,
		streams, revisions)
	return err
}

// fill writes many streams, many at once, and returns the last position.
func (s *store) fill(b *testing.B, streams, events int) eventstore.Position {
	b.Helper()
	next := make(chan int)
	var writers sync.WaitGroup
	for range 32 {
		writers.Go(func() {
			for i := range next {
				drafts := make([]esdb.EventData, events)
				for n := range drafts {
					drafts[n] = esdb.EventData{
						EventID: uuid.New(), EventType: "test.counted.v1", ContentType: esdb.ContentTypeJson,
						Data: payload, Metadata: []byte(`{"schemaVersion":1}`),
					}
				}
				_, err := s.client.AppendToStream(b.Context(), "user-"+strconv.Itoa(i),
					esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, drafts...)
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range streams {
		next <- i
	}
	close(next)
	writers.Wait()
	last, err := s.log.Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return last
}

// BenchmarkCatchUp is how many events a second go from the node through the client, watermill and the projector.
func BenchmarkCatchUp(b *testing.B) {
	const events, perStream = 200_000, 5
	s := newStore(b)
	if _, err := s.pool.Exec(b.Context(), `CREATE TABLE upserted (stream text PRIMARY KEY, revision bigint, text text)`); err != nil {
		b.Fatal(err)
	}
	last := s.fill(b, events/perStream, perStream)
	for name, apply := range map[string]func(context.Context, pgx.Tx, []eventstore.Envelope) error{
		"nothing": nothing, "upsert": upserted,
	} {
		b.Run(name, func(b *testing.B) {
			began := cpu(b)
			for i := range b.N {
				if _, err := s.pool.Exec(b.Context(), `TRUNCATE upserted`); err != nil {
					b.Fatal(err)
				}
				options := s.options(applying{name + strconv.Itoa(b.N) + "-" + strconv.Itoa(i), apply})
				options.Timing = feed.Timing{}
				catchUp(b, options, last)
			}
			b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64((cpu(b)-began).Microseconds())/float64(events*b.N), "cpu-us/event")
		})
	}
}

// cpu is what this process has used: the node, the client and the feed, but not Postgres. Unlike events a second it
// says something on a machine that others use, too.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func catchUp(b *testing.B, options feed.Options, last eventstore.Position) {
	b.Helper()
	f, err := feed.New(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	if _, err := f.Positions().Wait(ctx, options.Consumers[0].Projection.Name(), last); err != nil {
		b.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLag is how long it takes from the answer to an append to the end of a wait for its position.
func BenchmarkLag(b *testing.B) {
	s := newStore(b)
	if _, err := s.pool.Exec(b.Context(), `CREATE TABLE upserted (stream text PRIMARY KEY, revision bigint, text text)`); err != nil {
		b.Fatal(err)
	}
	options := s.options(applying{"lag", upserted})
	options.Timing = feed.Timing{}
	f, err := feed.New(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	var lags []time.Duration
	for i := 0; b.Loop(); i++ {
		position := s.append(b, "user-"+strconv.Itoa(i), "test.counted.v1", 0, 1)
		answered := time.Now()
		if _, err := f.Positions().Wait(ctx, "lag", position); err != nil {
			b.Fatal(err)
		}
		lags = append(lags, time.Since(answered))
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	sort.Slice(lags, func(i, j int) bool { return lags[i] < lags[j] })
	b.ReportMetric(float64(lags[len(lags)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds()), "p99-us")
}
