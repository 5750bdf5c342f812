package projections_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"am-user-management/domain/session"
	"am-user-management/internal/feed"
	"am-user-management/internal/pgtest"
	"am-user-management/projections"
)

// foreseen is the applier's table of a name, as the feed sees it.
func foreseen(t *testing.T, applier *projections.InlineApplier, name string) feed.Foreseen {
	t.Helper()
	for _, p := range applier.Projections() {
		if p.Name() == name {
			return p.(feed.Foreseen)
		}
	}
	t.Fatalf("no projection %q", name)
	return nil
}

func TestAProjectorIsToldOnceWhatWasAppliedInline(t *testing.T) {
	t.Parallel()
	log, applier := history(), projections.Inline(pgtest.New(t))
	sessions := foreseen(t, applier, "sessions")
	stream := session.StreamOf(id(50))
	events := log.Stream(stream, 0)
	last := events[len(events)-1].Revision
	if sessions.Applied(stream, 0) {
		t.Error("applied before anything was")
	}
	applyInline(t, applier, log, events)
	if foreseen(t, applier, "accounts").Applied(stream, 0) {
		t.Error("another table takes it for its own")
	}
	for revision := range last + 1 {
		if !sessions.Applied(stream, revision) {
			t.Errorf("revision %d is not known", revision)
		}
	}
	for revision := range last + 2 { // a batch that comes again is applied again, which changes nothing
		if sessions.Applied(stream, revision) {
			t.Errorf("revision %d is still known", revision)
		}
	}
}

func TestANewTurnKnowsNothing(t *testing.T) {
	t.Parallel()
	log, applier := history(), projections.Inline(pgtest.New(t))
	sessions := foreseen(t, applier, "sessions")
	stream := session.StreamOf(id(50))
	applyInline(t, applier, log, log.Stream(stream, 0))
	sessions.Begin()
	if sessions.Applied(stream, 0) {
		t.Error("Postgres may have gone back since")
	}
}

func TestWhatFailedInlineIsLeftToTheProjector(t *testing.T) {
	t.Parallel()
	log, applier := history(), projections.Inline(pgtest.New(t))
	sessions := foreseen(t, applier, "sessions")
	stream := session.StreamOf(id(50))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := applier.ApplyInline(gone, stream, log.Stream(stream, 0), nil); err == nil {
		t.Fatal("applied without a database")
	}
	if sessions.Applied(stream, 0) {
		t.Error("a row that was not written counts as written")
	}
}

func TestAProjectorWaitsForWhatIsAnnounced(t *testing.T) {
	t.Parallel()
	const shortly = 50 * time.Millisecond // less than a projector waits
	stream := session.StreamOf(id(50))
	for name, announcer := range map[string]func(done func()){
		"that ends":     func(done func()) { time.Sleep(shortly); done() },
		"that does not": func(func()) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				applier := projections.Inline(nil)
				begun := time.Now()
				go announcer(applier.Announce(stream))
				if foreseen(t, applier, "sessions").Applied(stream, 0) {
					t.Error("applied, though nothing was")
				}
				if waited := time.Since(begun); waited < shortly || waited > time.Second {
					t.Errorf("waited for %s", waited)
				}
				if foreseen(t, applier, "sessions").Applied("session-other", 0) {
					t.Error("another stream is taken for it")
				}
			})
		})
	}
}

func TestWhatIsAnnouncedAndAppliedIsKnown(t *testing.T) {
	t.Parallel()
	log, applier := history(), projections.Inline(pgtest.New(t))
	stream := session.StreamOf(id(50))
	done := applier.Announce(stream)
	applyInline(t, applier, log, log.Stream(stream, 0))
	if !foreseen(t, applier, "sessions").Applied(stream, 0) {
		t.Error("the projector writes the row again")
	}
	done()
}
