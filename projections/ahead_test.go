package projections_test

import (
	"context"
	"testing"

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
