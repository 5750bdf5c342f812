package logcopy_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/logcopy"
	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
)

// store is a node with a client and its log.
type store struct {
	*nodetest.Node
	t      *testing.T
	client *esdb.Client
	log    *logcopy.Log
}

func start(t *testing.T) *store { t.Helper(); return startWith(t, node.Options{}) }

func startWith(t *testing.T, options node.Options) *store {
	t.Helper()
	s := &store{Node: nodetest.StartWith(t, options), t: t}
	settings, err := esdb.ParseConnectionString("esdb://localhost?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	settings.Address, settings.Logger, settings.MaxDiscoverAttempts = s.Address, esdb.NoopLogging(), 1000
	if s.client, err = esdb.NewClient(settings); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.client.Close() })
	if s.log, err = logcopy.Open(t.Context(), s.Address, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.log.Close() })
	return s
}

// append writes events of one type at any revision.
func (s *store) append(stream, eventType string, texts ...string) {
	s.t.Helper()
	events := make([]esdb.EventData, len(texts))
	for i, text := range texts {
		events[i] = esdb.EventData{
			EventID: uuid.New(), EventType: eventType, ContentType: esdb.ContentTypeJson,
			Data: []byte(text), Metadata: []byte(`{"of":"` + stream + `"}`),
		}
	}
	if _, err := s.client.AppendToStream(s.t.Context(), stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, events...); err != nil {
		s.t.Fatal(err)
	}
}

// write writes a varied log of about n appends: several streams, several events in a call, binary data, links, metadata.
func (s *store) write(n int) {
	s.t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		stream := fmt.Sprintf("account-%d", random.IntN(1+n/4))
		texts := make([]string, 1+random.IntN(3))
		for j := range texts {
			texts[j] = fmt.Sprintf(`{"n":%d,"j":%d}`, i, j)
		}
		s.append(stream, "account.changed.v1", texts...)
		switch i % 10 {
		case 3:
			s.append("$$"+stream, "$metadata", `{"$maxCount":1000}`)
		case 5:
			s.append("links", "$>", "0@"+stream)
		case 7:
			_, err := s.client.AppendToStream(s.t.Context(), "bytes", esdb.AppendToStreamOptions{}, esdb.EventData{
				EventID: uuid.New(), EventType: "b", Data: []byte{0, 1, 0xff}, Metadata: nil,
			})
			if err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

func (s *store) deleteStream(stream string) {
	s.t.Helper()
	if _, err := s.client.DeleteStream(s.t.Context(), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		s.t.Fatal(err)
	}
}

func copyLog(t *testing.T, from, to *store, o logcopy.Options) logcopy.Result {
	t.Helper()
	result, err := logcopy.Copy(t.Context(), from.log, to.log, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// mustEqual walks through both logs and returns the digest.
func mustEqual(t *testing.T, a, b *logcopy.Log, times bool) string {
	t.Helper()
	walk := walkBoth(t, a, b, times)
	if err := walk.Err(); err != nil {
		t.Fatal(err)
	}
	if walk.Equal() == 0 {
		t.Fatal("nothing was compared")
	}
	return walk.Digest()
}

func walkBoth(t *testing.T, a, b *logcopy.Log, times bool) *logcopy.Walk {
	t.Helper()
	first, second := a.Read(t.Context(), false), b.Read(t.Context(), false)
	defer first.Close()
	defer second.Close()
	walk := logcopy.NewWalk(first, second, times)
	for walk.Next() {
	}
	return walk
}

func TestACopyIsEqualAndDoingItAgainChangesNothing(t *testing.T) {
	from, to := start(t), start(t)
	to.append("$settings", "settings", `{}`) // of the target's own, and positions are others
	from.append("$settings", "settings", `{"other":1}`)
	from.write(200)
	first := copyLog(t, from, to, logcopy.Options{})
	if first.Verified != 0 || first.Copied == 0 || first.Calls >= first.Copied {
		t.Errorf("first: %+v", first)
	}
	digest := mustEqual(t, from.log, to.log, false)
	second := copyLog(t, from, to, logcopy.Options{})
	if second.Copied != 0 || second.Verified != first.Copied {
		t.Errorf("second: %+v", second)
	}
	if again := mustEqual(t, from.log, to.log, false); again != digest {
		t.Errorf("digest %s, then %s", digest, again)
	}
	from.append("more", "m", "{}")
	if third := copyLog(t, from, to, logcopy.Options{}); third.Copied != 1 {
		t.Errorf("third: %+v", third)
	}
}

func TestACopyThatIsStoppedAnywhereGoesOn(t *testing.T) {
	from, to := start(t), start(t)
	from.write(60)
	from.deleteStream("account-1")
	from.append("account-1", "account.changed.v1", `{"again":1}`, `{"again":2}`)
	from.write(20)
	for stops := 0; ; stops++ {
		ctx, cancel := context.WithCancel(t.Context())
		var copied atomic.Int64
		_, err := logcopy.Copy(ctx, from.log, to.log, logcopy.Options{Copied: func(*logcopy.Event) {
			if copied.Add(1) == 7 {
				cancel()
			}
		}})
		cancel()
		if err == nil {
			if stops < 10 {
				t.Errorf("it was stopped only %d times", stops)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	mustEqual(t, from.log, to.log, false)
}

func TestACopyOutlivesRestartsOfBothStores(t *testing.T) {
	from, to := start(t), start(t)
	from.write(150)
	n := 0
	copyLog(t, from, to, logcopy.Options{Copied: func(*logcopy.Event) {
		switch n++; n {
		case 40, 120:
			to.Restart()
		case 80:
			from.Restart()
		}
	}})
	mustEqual(t, from.log, to.log, false)
}

func TestATargetThatHoldsSomethingElseIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(from, to *store){
		"another event": func(_, to *store) { to.append("account-9", "x", "{}") },
		"more events":   func(from, to *store) { copyLog(from.t, from, to, logcopy.Options{}); to.append("new", "x", "{}") },
		"another id":    func(from, to *store) { from.append("s", "x", "{}"); to.append("s", "x", "{}") },
		"a later change": func(from, to *store) {
			copyLog(from.t, from, to, logcopy.Options{})
			from.append("a", "x", "1")
			to.append("a", "x", "2")
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := start(t), start(t)
			if name != "another id" {
				from.append("account-1", "x", "{}")
			}
			spoil(from, to)
			head, err := to.log.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = logcopy.Copy(t.Context(), from.log, to.log, logcopy.Options{})
			var difference *logcopy.DifferenceError
			if !errors.As(err, &difference) {
				t.Fatalf("the error is %v", err)
			}
			if after, err := to.log.Head(t.Context()); err != nil || after != head {
				t.Errorf("something was written (%v)", err)
			}
		})
	}
}

func TestEveryDifferenceIsFound(t *testing.T) {
	id := uuid.New()
	event := esdb.EventData{EventID: id, EventType: "x", ContentType: esdb.ContentTypeJson, Data: []byte("1"), Metadata: []byte("2")}
	for what, change := range map[string]func(*esdb.EventData){
		"id": func(e *esdb.EventData) { e.EventID = uuid.New() }, "type": func(e *esdb.EventData) { e.EventType = "y" },
		"content type": func(e *esdb.EventData) { e.ContentType = esdb.ContentTypeBinary },
		"data":         func(e *esdb.EventData) { e.Data = []byte("3") }, "metadata": func(e *esdb.EventData) { e.Metadata = nil },
	} {
		t.Run(what, func(t *testing.T) {
			a, b := start(t), start(t)
			other := event
			change(&other)
			for s, e := range map[*store]esdb.EventData{a: event, b: other} {
				if _, err := s.client.AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{}, e); err != nil {
					t.Fatal(err)
				}
			}
			var difference *logcopy.DifferenceError
			walk := walkBoth(t, a.log, b.log, false)
			if !errors.As(walk.Err(), &difference) {
				t.Fatal(walk.Err())
			}
			if difference.What != what {
				t.Errorf("found %v", difference)
			}
		})
	}
}

func TestDeletedStreamsAreCopied(t *testing.T) {
	from, to := start(t), start(t)
	from.append("a", "x", "1", "2")
	from.append("b", "x", "1")
	from.deleteStream("a")
	from.append("a", "x", "3", "4")
	from.append("a", "x", "5")
	from.deleteStream("a")
	if _, err := from.client.TombstoneStream(t.Context(), "b", esdb.TombstoneStreamOptions{}); err != nil {
		t.Fatal(err)
	}
	from.append("c", "x", "1", "2", "3")
	from.append("$$c", "$metadata", `{"$tb":2}`)
	from.append("c", "x", "4")
	first := copyLog(t, from, to, logcopy.Options{})
	digest := mustEqual(t, from.log, to.log, false)
	if again := copyLog(t, from, to, logcopy.Options{}); again.Copied != 0 || again.Verified != first.Copied {
		t.Errorf("%+v, then %+v", first, again)
	}
	if reverse := mustEqual(t, to.log, from.log, false); reverse != digest {
		t.Errorf("digests %s and %s", digest, reverse)
	}
	for _, stream := range []string{"a", "b", "c"} {
		if want, got := seen(t, from.client, stream), seen(t, to.client, stream); want != got {
			t.Errorf("%s shows %q, its copy %q", stream, want, got)
		}
	}
}

// seen is what a reader sees of a stream.
func seen(t *testing.T, client *esdb.Client, stream string) string {
	t.Helper()
	read, err := client.ReadStream(t.Context(), stream, esdb.ReadStreamOptions{From: esdb.Start{}}, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var text strings.Builder
	for {
		resolved, err := read.Recv()
		if err != nil {
			var fault *esdb.Error
			if errors.As(err, &fault) {
				text.WriteString(fault.Code().String())
			}
			return text.String()
		}
		fmt.Fprintf(&text, "%d:%s ", resolved.Event.EventNumber, resolved.Event.Data)
	}
}

func TestACopyFollowsUntilItIsStopped(t *testing.T) {
	from, to := start(t), start(t)
	from.write(50)
	ctx, cancel := context.WithCancel(t.Context())
	live := 0
	result, err := logcopy.Copy(ctx, from.log, to.log, logcopy.Options{
		Follow: true,
		Caught: func() {
			from.append("live", "x", "1", "2")
			from.append("live2", "x", "3")
		},
		Copied: func(e *logcopy.Event) {
			if strings.HasPrefix(e.StreamID, "live") {
				if live++; live == 3 {
					cancel()
				}
			}
		},
	})
	if err != nil || live != 3 {
		t.Fatalf("%+v, %d live, %v", result, live, err)
	}
	mustEqual(t, from.log, to.log, false)
}

func TestAFolderKeepsTheTimesOfCreation(t *testing.T) {
	var now atomic.Int64
	from := startWith(t, node.Options{Clock: func() time.Time { return time.Unix(1_000_000+now.Add(1), 123_456_700) }})
	from.write(50)
	folder := "folder:" + t.TempDir()
	to, err := logcopy.Open(t.Context(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := logcopy.Copy(t.Context(), from.log, to, logcopy.Options{}); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, from.log, to, true)
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	other := start(t)
	copyLog(t, from, other, logcopy.Options{})
	if err := walkBoth(t, from.log, other.log, true).Err(); err == nil {
		t.Error("another store cannot have kept the times")
	}
	mustEqual(t, from.log, other.log, false)
}

// TestALogThatCannotBeReadIsNoDifference: what it holds is unknown.
func TestALogThatCannotBeReadIsNoDifference(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	a, b := start(t), start(t)
	if _, err := logcopy.Copy(stopped, a.log, b.log, logcopy.Options{}); err == nil || strings.Contains(err.Error(), "something else") {
		t.Errorf("the error is %v", err)
	}
}

// TestACopyThatFollowsRefusesALongerTarget: it must not wait until the source has as many.
func TestACopyThatFollowsRefusesALongerTarget(t *testing.T) {
	for name, c := range map[string]struct {
		lengthen func(from, to *store)
		// meanwhile is done when the first event is copied.
		meanwhile func(to *store)
		want      string
	}{
		"than an empty source": {lengthen: func(_, to *store) { to.append("t", "x", "more") }, want: "differ in length"},
		"than the source": {
			lengthen: func(from, to *store) {
				from.append("s", "x", "1", "2")
				copyLog(t, from, to, logcopy.Options{})
				to.append("t", "x", "more")
			},
			want: "differ in length",
		},
		"by what was written meanwhile": {
			lengthen:  func(from, _ *store) { from.append("s", "x", "1", "2") },
			meanwhile: func(to *store) { to.append("t", "x", "more") },
			want:      "somebody else writes to the target: its last event is t@0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := start(t), start(t)
			c.lengthen(from, to)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := logcopy.Copy(ctx, from.log, to.log, logcopy.Options{
				Follow: true,
				Copied: func(*logcopy.Event) {
					if c.meanwhile != nil {
						c.meanwhile(to)
						c.meanwhile = nil
					}
				},
				Caught: func() { t.Error("it goes on and waits"); cancel() },
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
