package main_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// kill -9 of `userd node` at random moments under load: after each restart the log is the one before, with more behind
// it; what was acknowledged is there, every append whole or not at all, and nothing that nobody sent.
func TestKillNodeAtRandomMoments(t *testing.T) {
	kills := 5
	if text := os.Getenv("KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal("KILLS: ", err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 2))
	t.Logf("seed %d, %d kills", seed, kills)
	w := newNodeWorld(t)
	h := &appends{sent: map[uuid.UUID]*sentAppend{}, next: map[string]uint64{}}
	for kill := range kills {
		p := w.startNode()
		h.checkTail(t, w)
		if kill > 0 && kill%100 == 0 {
			t.Logf("%d kills, %d appends acknowledged, all there", kill, h.acked)
		}
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for writer := range 8 {
			group.Go(func() { h.write(ctx, w, writer) })
		}
		after := time.NewTimer(time.Duration(random.IntN(200)) * time.Millisecond)
		<-after.C
		p.kill()
		stop()
		group.Wait()
	}
	p := w.startNode()
	h.checkTail(t, w)
	if err := p.stop(t); err != nil {
		t.Errorf("after the last kill the node ended with %v: %s", err, p.errors)
	}
	out, err := w.run("node", "verify", "--data", w.data)
	if err != nil || !strings.HasPrefix(out, "verified ") {
		t.Errorf("verify: %s %v", out, err)
	}
	t.Logf("%d appends were sent, %d acknowledged, %d events are in the log: %s", len(h.all), h.acked, len(h.log), out)
}

// nodeWorld is a folder for a node's data and its socket.
type nodeWorld struct {
	*world
	data, socket string
}

func newNodeWorld(t *testing.T) *nodeWorld {
	t.Helper()
	dir, err := os.MkdirTemp("", "am") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &nodeWorld{
		world: &world{t: t, dir: dir, env: []string{"PATH=" + os.Getenv("PATH"), "LOG_LEVEL=error", "LOG_FORMAT=text"}},
		data:  filepath.Join(dir, "log"), socket: filepath.Join(dir, "s"),
	}
}

func (w *nodeWorld) startNode() *process {
	w.t.Helper()
	p, err := w.launch("node", "--data", w.data, "--listen", "unix:"+w.socket)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.kill)
	return p
}

// run runs userd to its end.
func (w *world) run(args ...string) (output string, err error) {
	path, err := binary()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(path, args...)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// dial makes a client that gives up soon: it looks for a node that was killed as long as for one that starts, and does
// not hear that nobody waits any more.
func (w *nodeWorld) dial() *esdb.Client {
	w.t.Helper()
	settings, err := esdb.ParseConnectionString("esdb://localhost?tls=false&maxDiscoverAttempts=3&discoveryInterval=20")
	if err != nil {
		w.t.Fatal(err)
	}
	settings.Address, settings.Logger = "unix:"+w.socket, esdb.NoopLogging()
	client, err := esdb.NewClient(settings)
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// appends is what was asked of a node and answered, and its log as it was read last.
type appends struct {
	mu    sync.Mutex
	all   []*sentAppend
	sent  map[uuid.UUID]*sentAppend
	acked int

	log  []uuid.UUID // without system events
	last esdb.Position
	next map[string]uint64 // revision by stream
}

type sentAppend struct {
	stream string
	ids    []uuid.UUID
	acked  bool
}

// write appends one to four events at a time until the node is killed.
func (h *appends) write(ctx context.Context, w *nodeWorld, writer int) {
	client := w.dial()
	defer client.Close()
	for n := 0; ctx.Err() == nil; n++ {
		one := &sentAppend{stream: fmt.Sprintf("s-%d", (writer+n)%13)}
		var events []esdb.EventData
		for range 1 + (writer+n)%4 {
			id := uuid.New()
			one.ids = append(one.ids, id)
			events = append(events, esdb.EventData{EventID: id, EventType: "t", ContentType: esdb.ContentTypeBinary, Data: make([]byte, 300)})
		}
		h.mu.Lock()
		h.all = append(h.all, one)
		for _, id := range one.ids {
			h.sent[id] = one
		}
		h.mu.Unlock()
		_, err := client.AppendToStream(ctx, one.stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, events...)
		if err != nil {
			return // killed
		}
		h.mu.Lock()
		one.acked = true
		h.acked++
		h.mu.Unlock()
	}
}

// checkTail reads what is behind the log as it was read last, beginning with its last event, and checks all of it.
func (h *appends) checkTail(t *testing.T, w *nodeWorld) {
	t.Helper()
	client := w.dial()
	defer client.Close()
	stream, err := client.ReadAll(t.Context(), esdb.ReadAllOptions{From: h.last}, 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	before := len(h.log)
	for again := before > 0; ; {
		resolved, err := stream.Recv()
		if err != nil {
			break
		}
		event := resolved.OriginalEvent()
		if strings.HasPrefix(event.StreamID, "$") {
			continue
		}
		if again {
			again = false
			if event.EventID != h.log[before-1] || event.Position != h.last {
				t.Fatalf("the last event that was read is %s no more, but %s at %v", h.log[before-1], event.EventID, event.Position)
			}
			continue
		}
		if one, there := h.sent[event.EventID]; !there || one.stream != event.StreamID {
			t.Fatalf("event %s of %s at %v was not sent", event.EventID, event.StreamID, event.Position)
		}
		if event.EventNumber != h.next[event.StreamID] {
			t.Fatalf("%s: revision %d where %d comes next", event.StreamID, event.EventNumber, h.next[event.StreamID])
		}
		h.next[event.StreamID]++
		h.log, h.last = append(h.log, event.EventID), event.Position
	}
	h.checkAppends(t)
}

// checkAppends looks for what is lost, there in part, or there twice.
func (h *appends) checkAppends(t *testing.T) {
	t.Helper()
	places := make(map[uuid.UUID]int, len(h.log))
	for i, id := range h.log {
		if first, twice := places[id]; twice {
			t.Fatalf("event %s is at places %d and %d", id, first, i)
		}
		places[id] = i
	}
	for _, one := range h.all {
		first, some := places[one.ids[0]]
		if !some && one.acked {
			t.Fatalf("an append to %s was acknowledged and is lost", one.stream)
		}
		for i, id := range one.ids {
			if place, there := places[id]; there != some || there && place != first+i {
				t.Fatalf("an append to %s is there in part", one.stream)
			}
		}
	}
}

// A second node on a folder is refused and says why; so is a verification.
func TestSecondNodeIsRefused(t *testing.T) {
	t.Parallel()
	w := newNodeWorld(t)
	w.startNode()
	for _, args := range [][]string{{"node", "--listen", "unix:" + w.socket + "2"}, {"node", "verify"}} {
		out, err := w.run(append(args, "--data", w.data)...)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, w.data) || !strings.Contains(out, "in use by another process") {
			t.Errorf("%v answered %v: %s", args, err, out)
		}
	}
}
