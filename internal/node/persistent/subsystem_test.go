package persistent_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"am-user-management/internal/node/persistent"
	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

func settings() group.Settings {
	return group.Settings{
		ReadBatchSize: 20, HistoryBufferSize: 500, MinCheckpointCount: 1, MaxCheckpointCount: 1,
		Strategy: group.RoundRobin, MessageTimeout: time.Minute,
	}
}

func open(t testing.TB, log *store.Store) *persistent.Subsystem {
	t.Helper()
	return persistent.Open(persistent.Options{
		Store: log,
		Compile: func(*persistent.Filter) (func(*store.Record) bool, error) {
			return func(r *store.Record) bool { return len(r.Stream) > 0 && r.Stream[0] != '$' }, nil
		},
	})
}

func openLog(t testing.TB) *store.Store {
	t.Helper()
	log, err := store.Open(store.Options{Dir: "log", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func appendOnce(t testing.TB, log *store.Store, stream string) {
	t.Helper()
	event := store.Event{ID: store.ID(uuid.New()), Type: "t", Data: make([]byte, 100)}
	if _, err := log.Append(t.Context(), stream, store.Any, []store.Event{event}); err != nil {
		t.Fatal(err)
	}
}

// receive waits for a consumer's next event and acknowledges it.
func receive(t testing.TB, c *persistent.Consumer) group.Delivery {
	t.Helper()
	for {
		select {
		case <-c.News():
		case <-t.Context().Done():
			t.Fatal("nothing came")
		}
		for _, d := range c.Take() {
			c.Ack([]store.ID{d.ID()})
			return d
		}
	}
}

// TestIdleGroupsCostNoGoroutines: many groups that nobody reads do nothing and hold nothing, however much is written;
// one that is read then gets it all, and closing leaves nothing behind. It runs alone, as it counts goroutines.
func TestIdleGroupsCostNoGoroutines(t *testing.T) { //nolint:paralleltest // see above
	before := goleak.IgnoreCurrent()
	log := openLog(t)
	s := open(t, log)
	const groups, events = 100, 100
	running := runtime.NumGoroutine()
	for i := range groups {
		definition := persistent.Definition{Stream: fmt.Sprintf("s-%d", i%10), Group: fmt.Sprint(i), Settings: settings()}
		if i%3 == 0 {
			definition.Stream = persistent.AllStream
		}
		if err := s.Create(definition); err != nil {
			t.Fatal(err)
		}
	}
	for i := range events {
		appendOnce(t, log, fmt.Sprintf("s-%d", i%10))
	}
	if grown := runtime.NumGoroutine() - running; grown > 10 {
		t.Errorf("%d idle groups have %d goroutines", groups, grown)
	}
	infos, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	if len(infos) != groups {
		t.Errorf("%d groups are listed", len(infos))
	}
	for _, info := range infos {
		if info.Fresh+info.Retrying != 0 || info.Known >= 0 {
			t.Errorf("an idle group has %+v", info)
		}
	}
	consumer, err := s.Connect(persistent.AllStream, "0", persistent.Client{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		if d, want := receive(t, consumer), fmt.Sprintf("s-%d", i%10); string(d.Record.Stream) != want {
			t.Fatalf("event %d is of %s, want %s", i, d.Record.Stream, want)
		}
	}
	s.Close()
	select {
	case <-consumer.Dropped():
	default:
		t.Error("the consumer was not dropped")
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// TestLiveEventsComeByThemselves to groups on a stream and on the whole log, also if the first group was made when the
// subsystem had long been running.
func TestLiveEventsComeByThemselves(t *testing.T) {
	t.Parallel()
	log := openLog(t)
	s := open(t, log)
	for round := range 2 {
		var consumers []*persistent.Consumer
		for _, stream := range []string{"s", persistent.AllStream} {
			definition := persistent.Definition{Stream: stream, Group: "g", Settings: settings(), Start: persistent.FromEnd}
			if err := s.Create(definition); err != nil {
				t.Fatal(err)
			}
			consumer, err := s.Connect(stream, "g", persistent.Client{}, 1)
			if err != nil {
				t.Fatal(err)
			}
			consumers = append(consumers, consumer)
		}
		for i := range 20 {
			appendOnce(t, log, "s")
			for _, consumer := range consumers {
				if d := receive(t, consumer); int(d.Record.Revision) != round*20+i {
					t.Fatalf("got revision %d, want %d", d.Record.Revision, round*20+i)
				}
			}
		}
		for _, stream := range []string{"s", persistent.AllStream} {
			if err := s.Delete(stream, "g"); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.Close()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}

// TestParkedStreamThatRefuses: events that cannot be parked are not done, and the group goes on.
func TestParkedStreamThatRefuses(t *testing.T) {
	t.Parallel()
	log := openLog(t)
	s := open(t, log)
	for range 2 {
		appendOnce(t, log, "s")
	}
	if _, err := log.Tombstone(t.Context(), "$persistentsubscription-s::g-parked", store.Any); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(persistent.Definition{Stream: "s", Group: "g", Settings: settings()}); err != nil {
		t.Fatal(err)
	}
	consumer, err := s.Connect("s", "g", persistent.Client{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	<-consumer.News()
	consumer.Nack([]store.ID{consumer.Take()[0].ID()}, group.Park, "")
	if d := receive(t, consumer); d.Record.Revision != 1 {
		t.Errorf("got revision %d", d.Record.Revision)
	}
	s.Close()
	s = open(t, log)
	if consumer, err = s.Connect("s", "g", persistent.Client{}, 1); err != nil {
		t.Fatal(err)
	}
	if d := receive(t, consumer); d.Record.Revision != 0 {
		t.Errorf("after a restart revision %d comes first, 0 is lost", d.Record.Revision)
	}
	s.Close()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}
