package projections_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"am-user-management/domain/profile"
	"am-user-management/domain/session"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
	"am-user-management/projections"
)

// inline are the tables that commands bring up to date themselves.
var inline = []string{"accounts", "sessions", "access", "roles"}

func TestInlineAndProjectorGiveTheSameRowsInAnyOrder(t *testing.T) {
	log := history()
	for _, table := range inline {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			p, want := named(t, table), applied(t, table)
			pool := pgtest.New(t)
			applier := projections.Inline(pool)
			for seed := range uint64(8) {
				if _, err := pool.Exec(t.Context(), "TRUNCATE "+table); err != nil {
					t.Fatal(err)
				}
				r := rand.New(rand.NewPCG(seed, 1))
				events := log.Events()
				for next := 0; next < len(events); {
					end := min(len(events), next+1+r.IntN(9))
					for ahead := range events[next:] {
						if r.IntN(4) == 0 {
							applyInline(t, applier, log, events[next+ahead:next+ahead+1])
						}
					}
					projtest.Apply(t, pool, p, events[next:end])
					next = end
				}
				if diff := cmp.Diff(want, projtest.Rows(t, pool, table)); diff != "" {
					t.Errorf("seed %d (-projector alone +both):\n%s", seed, diff)
				}
			}
		})
	}
}

func TestInlineLoadsWhatTheRowHasNotSeen(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	log := history()
	events := log.Stream(session.StreamOf(id(50)), 0)
	applyInline(t, projections.Inline(pool), log, events[1:])
	if row := rowOf(t, projtest.Rows(t, pool, "sessions"), "session_id", user(50)); row["ended_at"] == nil {
		t.Errorf("got %v, want the session ended", row)
	}
}

func TestInlineLeavesOtherTablesToTheProjector(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	log := history()
	applyInline(t, projections.Inline(pool), log, log.Stream(profile.StreamOf(id(1)), 0))
	applyInline(t, projections.Inline(pool), log, nil)
	if rows := projtest.Rows(t, pool, "profiles"); len(rows) != 0 {
		t.Errorf("got %v, want no rows", rows)
	}
}

func TestAMissingEventIsAnError(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	events := history().Stream(profile.StreamOf(id(1)), 0)
	projtest.Apply(t, pool, named(t, "profiles"), events[:1])
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	var gap *projections.GapError
	if err := named(t, "profiles").Apply(t.Context(), tx, events[2:]); !errors.As(err, &gap) || gap.Applied != 0 || gap.Revision != 2 {
		t.Errorf("got %v, want a gap between revisions 0 and 2", err)
	}
}

func applyInline(t *testing.T, applier *projections.InlineApplier, log *projtest.Log, appended []eventstore.Envelope) {
	t.Helper()
	stream := ""
	if len(appended) > 0 {
		stream = appended[0].Stream
	}
	load := func(_ context.Context, from uint64) ([]eventstore.Envelope, error) {
		return log.Stream(stream, from), nil
	}
	if err := applier.ApplyInline(t.Context(), stream, appended, load); err != nil {
		t.Fatal(err)
	}
}
