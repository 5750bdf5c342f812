package group_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// settings are those of a group that parks after two retries and writes a checkpoint whenever it can.
func settings() group.Settings {
	return group.Settings{
		MaxRetryCount: 2, MaxCheckpointCount: 1, MinCheckpointCount: 1, ReadBatchSize: 5, HistoryBufferSize: 10,
		MessageTimeout: 10 * time.Second, Strategy: group.RoundRobin,
	}
}

func newGroup(settings group.Settings) *group.Group {
	return group.New(settings, group.State{Checkpoint: -1})
}

// event is number n of a source in which streams a, b, c … take turns.
func event(n int64, streams int64) group.Event {
	var id store.ID
	binary.BigEndian.PutUint64(id[8:], uint64(n)+1)
	return group.Event{Number: n, Record: &store.Record{
		ID: id, Revision: uint64(n), Stream: []byte{'a' + byte(n%streams)}, Wire: make([]byte, 100),
		Metadata: fmt.Appendf(nil, `{"$correlationId":"c%d"}`, n%2),
	}}
}

// feed gives a group everything it wants from a source of total events.
func feed(g *group.Group, total int64, streams int64) {
	for {
		want, there := g.Want()
		if !there || want.Parked {
			return
		}
		batch := group.Batch{Next: min(want.From+int64(want.Limit), total)}
		for n := want.From; n < batch.Next; n++ {
			batch.Events = append(batch.Events, event(n, streams))
		}
		batch.End = batch.Next == total
		g.Add(want, batch, 0)
	}
}

func connect(t testing.TB, g *group.Group, slots int) *group.Consumer {
	t.Helper()
	c, err := g.Connect("", "", slots, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// take returns what a consumer gets now as "number/retries".
func take(c *group.Consumer) []string {
	var got []string
	for _, d := range c.Take() {
		got = append(got, fmt.Sprintf("%d/%d", d.Number, d.Retries))
	}
	return got
}

func ids(numbers ...int64) []store.ID {
	var ids []store.ID
	for _, n := range numbers {
		e := event(n, 1)
		ids = append(ids, e.ID())
	}
	return ids
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestAGroupWithoutConsumersReadsNothing(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	if want, there := g.Want(); there {
		t.Errorf("wants %+v", want)
	}
	c := connect(t, g, 2)
	feed(g, 100, 1)
	if waiting := g.Stats().Fresh; waiting > 10 {
		t.Errorf("%d events wait, the buffer takes 10", waiting)
	}
	expect(t, "first", take(c), "0/0", "1/0")
	expect(t, "no free slot", take(c))
}

func TestRetriesComeFirstAndEndInTheParkedStream(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	c := connect(t, g, 2)
	feed(g, 3, 1)
	expect(t, "first", take(c), "0/0", "1/0")
	for _, try := range []string{"0/1", "0/2"} {
		g.Nack(c, ids(0), group.Retry, "", 0)
		expect(t, "retried", take(c), try)
	}
	g.Nack(c, ids(0), group.Retry, "", 0)
	expect(t, "a slot is free", take(c), "2/0")
	write, _ := g.Due()
	want := []group.Parked{{Target: "0@a", Reason: "Reached retry count of 2"}}
	if !slices.Equal(write.Park, want) {
		t.Errorf("due is %+v, want to park %+v", write, want)
	}
}

func TestACheckpointWaitsForWhatIsNotDurablyParked(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	c := connect(t, g, 3)
	feed(g, 3, 1)
	g.Ack(c, ids(1), 0)
	g.Nack(c, ids(0), group.Park, "because", 0)
	park, _ := g.Due()
	if len(park.Park) != 1 || park.Park[0].Reason != "Client explicitly NAK'ed message.\nbecause" {
		t.Fatalf("due is %+v", park)
	}
	if again, _ := g.Due(); again.Checkpoint >= 0 {
		t.Errorf("checkpoint %d while 0 may still be lost", again.Checkpoint)
	}
	g.Written(park)
	if write, due := g.Due(); !due || write.Checkpoint != 1 {
		t.Errorf("due is %+v, want checkpoint 1", write)
	}
}

func TestCheckpointsByTime(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MinCheckpointCount, s.MaxCheckpointCount, s.CheckpointAfter = 2, 100, 3*time.Second
	g := newGroup(s)
	c := connect(t, g, 10)
	feed(g, 5, 1)
	g.Tick(0)
	g.Ack(c, ids(0), 0)
	g.Tick(4 * time.Second)
	if write, due := g.Due(); due {
		t.Errorf("one event is not worth %+v", write)
	}
	g.Ack(c, ids(1), 0)
	if write, due := g.Due(); due {
		t.Errorf("between ticks nothing is due but %+v", write)
	}
	g.Tick(5 * time.Second)
	if write, due := g.Due(); !due || write.Checkpoint != 1 {
		t.Errorf("due is %+v, want checkpoint 1", write)
	}
}

// TestTheFirstCheckpointByTimeWaitsForATickOnly, as if the one before was long ago.
func TestTheFirstCheckpointByTimeWaitsForATickOnly(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MinCheckpointCount, s.MaxCheckpointCount, s.CheckpointAfter = 1, 100, time.Minute
	g := newGroup(s)
	c := connect(t, g, 10)
	feed(g, 5, 1)
	g.Ack(c, ids(0), time.Second)
	g.Tick(2 * time.Second)
	write, due := g.Due()
	if !due || write.Checkpoint != 0 {
		t.Fatalf("due is %+v, want checkpoint 0", write)
	}
	g.Written(write)
	g.Ack(c, ids(1), 3*time.Second)
	g.Tick(61 * time.Second)
	if write, due := g.Due(); due {
		t.Errorf("too early for %+v", write)
	}
	g.Tick(62 * time.Second)
	if write, _ := g.Due(); write.Checkpoint != 1 {
		t.Errorf("due is %+v, want checkpoint 1", write)
	}
}

// TestCheckpointsCountWhatIsDoneInOrder: what is done behind an event that is not, counts when that is done too.
func TestCheckpointsCountWhatIsDoneInOrder(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MaxCheckpointCount = 2
	g := newGroup(s)
	c := connect(t, g, 10)
	feed(g, 5, 1)
	g.Ack(c, ids(0, 2), 0)
	if write, due := g.Due(); due {
		t.Errorf("one event is not worth %+v", write)
	}
	g.Ack(c, ids(1), 0)
	if write, _ := g.Due(); write.Checkpoint != 2 {
		t.Errorf("due is %+v, want checkpoint 2", write)
	}
}

func TestWhatIsDoneDuringACheckpointCounts(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MinCheckpointCount, s.MaxCheckpointCount, s.CheckpointAfter = 1, 3, time.Second
	g := newGroup(s)
	c := connect(t, g, 10)
	feed(g, 7, 1)
	g.Ack(c, ids(0, 1, 2), 0)
	first, _ := g.Due()
	g.Ack(c, ids(3, 4, 5), 0)
	g.Written(first)
	second, due := g.Due()
	if !due || second.Checkpoint != 5 {
		t.Errorf("due is %+v, want checkpoint 5", second)
	}
	g.Ack(c, ids(6), 0)
	g.Written(second)
	g.Tick(2 * time.Second)
	if write, due := g.Due(); !due || write.Checkpoint != 6 {
		t.Errorf("due is %+v, want checkpoint 6", write)
	}
}

func TestALostConsumersEventsComeFirst(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	lost := connect(t, g, 2)
	feed(g, 4, 1)
	take(lost)
	g.Disconnect(lost, 0)
	g.Ack(lost, ids(0), 0) // too late
	expect(t, "the next one", take(connect(t, g, 10)), "0/1", "1/1", "2/0", "3/0")
}

// TestALostConsumersEventsAreNotParked, however often they were lost: nobody said that they cannot be handled.
func TestALostConsumersEventsAreNotParked(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MaxRetryCount = 0
	g := newGroup(s)
	for try := range 3 {
		lost := connect(t, g, 1)
		feed(g, 1, 1)
		expect(t, "consumer", take(lost), fmt.Sprintf("0/%d", try))
		g.Disconnect(lost, 0)
	}
}

// TestRetriesComeInOrder, in that in which they came first, whatever the order in which they failed.
func TestRetriesComeInOrder(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	first, second := connect(t, g, 2), connect(t, g, 2)
	feed(g, 4, 1)
	expect(t, "first", take(first), "0/0", "2/0")
	expect(t, "second", take(second), "1/0", "3/0")
	g.Disconnect(second, 0)
	g.Nack(first, ids(2, 0), group.Retry, "", 0)
	expect(t, "first again", take(first), "0/1", "1/1")
	g.Disconnect(first, 0)
	expect(t, "another", take(connect(t, g, 4)), "0/2", "1/2", "2/1", "3/1")
}

func TestTimeOuts(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	c := connect(t, g, 2)
	feed(g, 2, 1)
	take(c)
	g.Tick(9 * time.Second)
	expect(t, "in time", take(c))
	g.Ack(c, ids(1), 9*time.Second)
	g.Tick(10 * time.Second)
	expect(t, "too late", take(c), "0/1")
	for try := range 3 {
		g.Tick(time.Duration(20+10*try) * time.Second)
	}
	if inFlight := g.Stats().InFlight; inFlight != 0 {
		t.Errorf("%d in flight, want the event parked", inFlight)
	}
	expect(t, "timed out before it was sent", take(c))

	s := settings()
	s.MessageTimeout = 0
	patient := newGroup(s)
	c = connect(t, patient, 1)
	feed(patient, 1, 1)
	take(c)
	patient.Tick(1000 * time.Hour)
	expect(t, "no time-out", take(c))
}

func TestStopDropsAnEvent(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	c := connect(t, g, 1)
	feed(g, 2, 1)
	take(c)
	g.Nack(c, ids(0), group.Stop, "", 0)
	expect(t, "after stop", take(c), "1/0")
	if write, due := g.Due(); !due || write.Checkpoint != 0 {
		t.Errorf("due is %+v, want checkpoint 0", write)
	}
}

// TestNobodyMayConsume from a group whose maximum is below 0, as in EventStoreDB.
func TestNobodyMayConsume(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MaxSubscriberCount = -1
	if _, err := newGroup(s).Connect("", "", 1, 0); !errors.Is(err, group.ErrFull) {
		t.Errorf("the first consumer: %v", err)
	}
}

func TestMaximumOfConsumers(t *testing.T) {
	t.Parallel()
	s := settings()
	s.MaxSubscriberCount = 1
	g := newGroup(s)
	c := connect(t, g, 1)
	if _, err := g.Connect("", "", 1, 0); !errors.Is(err, group.ErrFull) {
		t.Errorf("a second consumer got %v", err)
	}
	g.Disconnect(c, 0)
	connect(t, g, 1)
}

// TestOneIDTwice holds events of the same id apart: an id may stand in a stream twice.
func TestOneIDTwice(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	c := connect(t, g, 3)
	want, _ := g.Want()
	first, second := event(0, 1), event(1, 1)
	second.Record.ID = first.Record.ID
	g.Add(want, group.Batch{Events: []group.Event{first, second}, Next: 2, End: true}, 0)
	take(c)
	g.Ack(c, ids(0), 0)
	if write, _ := g.Due(); write.Checkpoint != 0 {
		t.Errorf("due is %+v, want checkpoint 0: the first came first", write)
	}
	g.Ack(c, ids(0), 0)
	if write, _ := g.Due(); write.Checkpoint != 1 {
		t.Errorf("due is %+v, want checkpoint 1", write)
	}
}

// TestReplay sends parked events again, once, and lets go of them only when they are done.
func TestReplay(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	c := connect(t, g, 10)
	feed(g, 0, 1)
	g.Replay(2)
	want, there := g.Want()
	if !there || !want.Parked || want.From != 0 || want.Until != 2 {
		t.Fatalf("wants %+v", want)
	}
	batch := group.Batch{Next: 2, End: true}
	for n := range int64(2) {
		replayed := event(n, 1)
		link := *replayed.Record
		link.ID[0] = 1
		replayed.Link, replayed.Replayed = &link, true
		batch.Events = append(batch.Events, replayed)
	}
	g.Add(want, batch, 0)
	expect(t, "replayed", take(c), "0/0", "1/0")
	if again, there := g.Want(); there {
		t.Errorf("wants %+v", again)
	}
	g.Ack(c, []store.ID{batch.Events[1].ID()}, 0)
	if write, due := g.Due(); due {
		t.Errorf("due is %+v while the first is not done", write)
	}
	g.Nack(c, []store.ID{batch.Events[0].ID()}, group.Park, "", 0)
	park, _ := g.Due()
	if len(park.Park) != 1 || park.Park[0].Target != "0@a" {
		t.Fatalf("due is %+v, want the event parked, not the link to it", park)
	}
	g.Written(park)
	if write, _ := g.Due(); write.Truncate != 2 {
		t.Errorf("due is %+v, want the parked stream cut at 2", write)
	}
}

// TestSkippedEventsMoveTheCheckpoint: a group whose filter lets little pass must not look at it all again.
func TestSkippedEventsMoveTheCheckpoint(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	connect(t, g, 1)
	want, _ := g.Want()
	g.Add(want, group.Batch{Next: 999, Skipped: 999}, 0)
	if write, due := g.Due(); due {
		t.Errorf("due is %+v, too early", write)
	}
	want, _ = g.Want()
	g.Add(want, group.Batch{Next: 1000, Skipped: 1, End: true}, 0)
	if write, _ := g.Due(); write.Checkpoint != 999 {
		t.Errorf("due is %+v, want checkpoint 999", write)
	}
}

// TestNewsDuringAReadIsNotLost: what comes after the source was looked at is asked for again.
func TestNewsDuringAReadIsNotLost(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	connect(t, g, 1)
	want, _ := g.Want()
	g.News()
	g.Add(want, group.Batch{End: true}, 0)
	if _, there := g.Want(); !there {
		t.Error("wants nothing")
	}
}
