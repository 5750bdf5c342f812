package group_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// world is a group with everything around it: a source, a disk, and clients that do anything.
type world struct {
	t        *rapid.T
	settings group.Settings
	g        *group.Group
	now      time.Duration
	total    int64
	clients  []*client

	// done are events that some client acknowledged or skipped, or that are parked on disk.
	done map[int64]bool
	// checkpoint and parked are on disk; replayed is where the parked stream was cut.
	checkpoint int64
	parked     []int64
	replayed   int64
	// replayedDone are revisions of the parked stream whose events are done, or parked once more.
	replayedDone map[int64]bool
}

// linkRevision added to a revision of the parked stream tells it from those of the source.
const linkRevision = 1 << 20

// client holds deliveries until it answers or they time out.
type client struct {
	consumer *group.Consumer
	slots    int
	held     map[store.ID]held
}

type held struct {
	group.Delivery

	due time.Duration
}

// ids returns the ids of what the client holds, in an order of their own.
func (c *client) ids() []store.ID {
	return slices.SortedFunc(maps.Keys(c.held), func(a, b store.ID) int { return slices.Compare(a[:], b[:]) })
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, done: map[int64]bool{}, replayedDone: map[int64]bool{}, checkpoint: -1}
	w.settings = group.Settings{
		MaxRetryCount:      rapid.Int32Range(-1, 3).Draw(t, "retries"),
		MinCheckpointCount: rapid.Int32Range(0, 5).Draw(t, "min checkpoint"),
		MaxCheckpointCount: rapid.Int32Range(0, 20).Draw(t, "max checkpoint"),
		CheckpointAfter:    time.Second, MessageTimeout: 5 * time.Second,
		ReadBatchSize: rapid.Int32Range(-1, 10).Draw(t, "batch"), HistoryBufferSize: rapid.Int32Range(0, 30).Draw(t, "buffer"),
		Strategy: rapid.SampledFrom([]group.Strategy{
			group.RoundRobin, group.DispatchToSingle, group.Pinned, group.PinnedByCorrelation,
		}).Draw(t, "strategy"),
	}
	w.restart()
	return w
}

// restart loses everything that is not on disk.
func (w *world) restart() {
	w.clients = nil
	w.g = group.New(w.settings, group.State{Next: w.checkpoint + 1, Checkpoint: w.checkpoint, Parked: w.replayed})
}

func (w *world) connect(slots int) *client {
	c, err := w.g.Connect("", "", slots, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.clients = append(w.clients, &client{consumer: c, slots: slots, held: map[store.ID]held{}})
	return w.clients[len(w.clients)-1]
}

// deliver brings to the clients what is for them.
func (w *world) deliver() {
	for _, client := range w.clients {
		for _, d := range client.consumer.Take() {
			if _, there := client.held[d.ID()]; there {
				w.t.Fatalf("event %d was sent to one who has it", d.Number)
			}
			client.held[d.ID()] = held{Delivery: d, due: w.now + w.settings.MessageTimeout}
		}
		if len(client.held) > client.slots {
			w.t.Fatalf("a client has %d events in %d slots", len(client.held), client.slots)
		}
	}
}

// read answers one wish of the group, with no more than most events.
func (w *world) read(most int) bool {
	want, there := w.g.Want()
	if !there {
		return false
	}
	var batch group.Batch
	if want.Parked {
		batch.Next = min(want.From+int64(min(want.Limit, most)), want.Until)
		for n := want.From; n < batch.Next; n++ {
			e := event(w.parked[n], 3)
			link := &store.Record{ID: store.ID{1, byte(n >> 8), byte(n)}, Revision: linkRevision + uint64(n)}
			batch.Events = append(batch.Events, group.Event{Number: n, Record: e.Record, Link: link, Replayed: true})
		}
		batch.End = batch.Next == want.Until
	} else {
		batch.Next = min(want.From+int64(min(want.Limit, most)), w.total)
		for n := want.From; n < batch.Next; n++ {
			batch.Events = append(batch.Events, event(n, 3))
		}
		batch.Next = max(batch.Next, want.From)
		batch.End = batch.Next >= w.total
	}
	w.g.Add(want, batch, w.now)
	buffer := max(int(w.settings.HistoryBufferSize), int(w.settings.ReadBatchSize), 1)
	if fresh := w.g.Stats().Fresh; fresh > buffer {
		w.t.Fatalf("%d events wait in a buffer for %d", fresh, buffer)
	}
	return true
}

// write does one thing that is due.
func (w *world) write() bool {
	write, due := w.g.Due()
	if !due {
		return false
	}
	for _, p := range write.Park {
		var n int64
		if _, err := fmt.Sscanf(p.Target, "%d@", &n); err != nil {
			w.t.Fatal(err)
		}
		w.parked = append(w.parked, n)
		w.done[n] = true
		if p.Revision >= linkRevision {
			w.replayedDone[int64(p.Revision-linkRevision)] = true
		}
	}
	for n := w.replayed; n < write.Truncate; n++ {
		if !w.replayedDone[n] {
			w.t.Fatalf("the parked stream is cut at %d, and %d is not done", write.Truncate, n)
		}
	}
	if write.Checkpoint >= 0 {
		for n := w.checkpoint + 1; n <= write.Checkpoint; n++ {
			if !w.done[n] {
				w.t.Fatalf("checkpoint %d passes %d, which is not done", write.Checkpoint, n)
			}
		}
		w.checkpoint = write.Checkpoint
	}
	w.replayed = max(w.replayed, write.Truncate)
	w.g.Written(write)
	return true
}

// answer lets a client answer one of its events.
func (w *world) answer(c *client, id store.ID, action string) {
	d := c.held[id]
	delete(c.held, id)
	switch action {
	case "ack":
		w.markDone(d)
		w.g.Ack(c.consumer, []store.ID{id}, w.now)
	case "skip":
		w.markDone(d)
		w.g.Nack(c.consumer, []store.ID{id}, group.Skip, "", w.now)
	case "park":
		w.g.Nack(c.consumer, []store.ID{id}, group.Park, "", w.now)
	case "retry":
		w.g.Nack(c.consumer, []store.ID{id}, group.Retry, "", w.now)
	case "stop":
		w.markDone(d)
		w.g.Nack(c.consumer, []store.ID{id}, group.Stop, "", w.now)
	}
}

func (w *world) markDone(d held) {
	if d.Replayed {
		w.replayedDone[d.Number] = true
	} else {
		w.done[d.Number] = true
	}
}

func (w *world) tick() {
	w.now += time.Second
	w.g.Tick(w.now)
	for _, client := range w.clients {
		maps.DeleteFunc(client.held, func(_ store.ID, h held) bool { return h.due <= w.now })
	}
}

func (w *world) disconnect(c *client) {
	w.g.Disconnect(c.consumer, w.now)
	w.clients = slices.DeleteFunc(w.clients, func(there *client) bool { return there == c })
}

// TestNothingIsLost lets clients come, go, answer, fail and be silent, and the process die, in any order. In the end
// every event was acknowledged, skipped, stopped or is parked; no client ever had more events than slots, and no checkpoint
// passed an event that was not done.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				w.total += rapid.Int64Range(1, 20).Draw(t, "events")
				w.g.News()
			},
			"connect": func(t *rapid.T) {
				if len(w.clients) < 4 {
					w.connect(rapid.IntRange(1, 8).Draw(t, "slots"))
				}
			},
			"disconnect": func(t *rapid.T) {
				if len(w.clients) > 0 {
					w.disconnect(rapid.SampledFrom(w.clients).Draw(t, "client"))
				}
			},
			"read":    func(t *rapid.T) { w.read(rapid.IntRange(1, 10).Draw(t, "most")) },
			"write":   func(*rapid.T) { w.write() },
			"tick":    func(*rapid.T) { w.tick() },
			"restart": func(*rapid.T) { w.restart() },
			"replay":  func(*rapid.T) { w.g.Replay(int64(len(w.parked))) },
			"answer": func(t *rapid.T) {
				if len(w.clients) == 0 {
					return
				}
				c := rapid.SampledFrom(w.clients).Draw(t, "client")
				held := c.ids()
				if len(held) == 0 {
					return
				}
				action := rapid.SampledFrom([]string{"ack", "ack", "skip", "park", "retry", "stop"}).Draw(t, "action")
				w.answer(c, rapid.SampledFrom(held).Draw(t, "id"), action)
			},
			"": func(*rapid.T) { w.deliver() },
		})
		w.finish()
	})
}

// finish lets a patient client do all that is left.
func (w *world) finish() {
	for len(w.clients) > 0 {
		w.disconnect(w.clients[0])
	}
	c := w.connect(1000)
	w.g.News()
	for busy := true; busy; {
		busy = w.read(1000)
		w.deliver()
		for _, id := range c.ids() {
			w.answer(c, id, "ack")
			busy = true
		}
		for w.write() {
			busy = true
		}
	}
	for n := range w.total {
		if !w.done[n] {
			w.t.Fatalf("event %d of %d is lost", n, w.total)
		}
	}
	w.g.Flush()
	w.write()
	if w.checkpoint != w.total-1 {
		w.t.Fatalf("the last checkpoint is %d of %d events", w.checkpoint, w.total)
	}
}
