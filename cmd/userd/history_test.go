package main_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/keyring"
	"am-user-management/projections"
	"am-user-management/readmodel"
)

// kek is the key-encryption key of every world.
const kek = "0123456789abcdef0123456789abcdef"

// records reads the whole log of a running process, without the store's own events.
func (w *world) records(p *process) []eventstore.Recorded {
	w.t.Helper()
	client, err := esdbstore.Connect(p.ready["eventstore"], nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	stream, err := client.ReadAll(w.t.Context(), esdb.ReadAllOptions{Direction: esdb.Forwards, From: esdb.Start{}}, math.MaxUint64)
	if err != nil {
		w.t.Fatal(err)
	}
	defer stream.Close()
	var all []eventstore.Recorded
	for {
		resolved, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if e := resolved.Event; !strings.HasPrefix(e.EventType, "$") && !strings.HasPrefix(e.StreamID, "$") {
			all = append(all, eventstore.Recorded{
				ID: e.EventID, Stream: e.StreamID, Revision: e.EventNumber, Position: eventstore.Position(e.Position),
				Type: e.EventType, Data: e.Data, Metadata: e.UserMetadata, Created: e.CreatedDate,
			})
		}
	}
}

// logSize is how many events a process has in its log.
func (w *world) logSize(p *process) int { return len(w.records(p)) }

// history is the log of a running process, decoded.
func (w *world) history(p *process) []eventstore.Envelope {
	w.t.Helper()
	pool := w.pool(w.database)
	ring, err := keyring.Open(w.t.Context(), pool, []byte(kek), time.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	events, err := codec.New(ring, codec.All()...)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := events.Decode(w.t.Context(), w.records(p))
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// pool is the one pool of an address.
func (w *world) pool(address string) *pgxpool.Pool {
	w.t.Helper()
	if pool, ok := w.pools[address]; ok {
		return pool
	}
	pool, err := pgxpool.New(context.Background(), address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(pool.Close)
	w.pools[address] = pool
	return pool
}

// checkRebuild replays the log into empty tables and compares them, row by row, with those that the service wrote.
func (w *world) checkRebuild(p *process) {
	w.t.Helper()
	history := w.history(p)
	live := w.pool(w.database)
	const schema = "rebuilt"
	if _, err := live.Exec(w.t.Context(), `DROP SCHEMA IF EXISTS `+schema+` CASCADE; CREATE SCHEMA `+schema); err != nil {
		w.t.Fatal(err)
	}
	rebuilt := w.pool(withSearchPath(w.t, w.database, schema))
	if err := readmodel.Migrate(w.t.Context(), rebuilt); err != nil {
		w.t.Fatal(err)
	}
	for _, projection := range projections.All() {
		var batch []eventstore.Envelope
		for _, event := range history {
			if projection.Handles(event.Event.EventType()) {
				batch = append(batch, event)
			}
		}
		err := pgx.BeginFunc(w.t.Context(), rebuilt, func(tx pgx.Tx) error {
			for start := 0; start < len(batch); start += 500 {
				if err := projection.Apply(w.t.Context(), tx, batch[start:min(start+500, len(batch))]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.t.Fatalf("rebuild %s: %v", projection.Name(), err)
		}
		w.compare(live, projection.Name(), schema)
	}
}

// compare waits until a table has caught up and then wants it equal to the rebuilt one.
func (w *world) compare(live *pgxpool.Pool, table, schema string) {
	w.t.Helper()
	difference := fmt.Sprintf(`
		SELECT count(*), coalesce(string_agg(d.row::text, E'\n'), '') FROM (
			(SELECT 'live'    AS side, a::text AS row FROM public.%[1]s a EXCEPT ALL SELECT 'live',    b::text FROM %[2]s.%[1]s b)
			UNION ALL
			(SELECT 'rebuilt' AS side, b::text AS row FROM %[2]s.%[1]s b EXCEPT ALL SELECT 'rebuilt', a::text FROM public.%[1]s a)
		) d`, table, schema)
	var count int
	var rows string
	eventually(w.t, table+" equals its rebuild", func() bool {
		if err := live.QueryRow(w.t.Context(), difference).Scan(&count, &rows); err != nil {
			w.t.Fatal(err)
		}
		if count > 0 {
			w.t.Logf("%s: %d rows differ:\n%.2000s", table, count, rows)
		}
		return count == 0
	})
}

func withSearchPath(t testing.TB, address, schema string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := parsed.Query()
	query.Set("search_path", schema)
	parsed.RawQuery = query.Encode()
	return parsed.String()
}
