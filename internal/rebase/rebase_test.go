package rebase_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/internal/pgtest"
	"am-user-management/internal/rebase"
)

var ada, bob = uuid.UUID{1}, uuid.UUID{2}

// moves are events of two people; in the copy they stand elsewhere, and not at equal distances.
func moves() rebase.Moves {
	all := []rebase.Move{
		{Old: 10, New: 1, Stream: "account-" + ada.String(), Revision: 0},
		{Old: 20, New: 2, Stream: "email-x", Revision: 0},
		{Old: 30, New: 10, Stream: "account-" + bob.String(), Revision: 0},
		{Old: 40, New: 20, Stream: "account-" + ada.String(), Revision: 1},
	}
	next := 0
	return func() (rebase.Move, bool, error) {
		if next == len(all) {
			return rebase.Move{}, false, nil
		}
		next++
		return all[next-1], true, nil
	}
}

func database(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	exec(t, conn, `INSERT INTO accounts (user_id, revision, position, status, created_at)
		SELECT u, r, p, 'ACTIVE', now() FROM (VALUES ('`+ada.String()+`'::uuid, 1, 40), ('`+bob.String()+`', 0, 30)) v (u, r, p)`)
	exec(t, conn, `INSERT INTO email_claims VALUES ('x', 20, '`+ada.String()+`', true, now())`)
	exec(t, conn, `INSERT INTO checkpoints (projection, commit_position, prepare_position, halted_at, halted_position, halted_event, halted_error)
		VALUES ('between', 35, 35, NULL, NULL, NULL, NULL), ('before', 5, 5, NULL, NULL, NULL, NULL), ('end', 99, 99, NULL, NULL, NULL, NULL),
			('halted', 10, 10, now(), 20, gen_random_uuid(), 'x')`)
	exec(t, conn, `INSERT INTO parked_streams (projection, stream, event_id, position, error) VALUES ('p', 's', gen_random_uuid(), 20, 'x')`)
	exec(t, conn, `INSERT INTO imports (import_id, actor_kind, actor_id, correlation_id, traceparent, accepted_at, total, commit_position, prepare_position)
		VALUES (gen_random_uuid(), '', '', gen_random_uuid(), '', now(), 0, 40, 40)`)
	exec(t, conn, `INSERT INTO rebuilds (projection, owner, started_at, renewed_at, position) VALUES ('p', 'o', now(), now(), 30)`)
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

const positions = `
	SELECT 'accounts', position, 0 FROM accounts UNION ALL SELECT 'claims', position, 0 FROM email_claims
	UNION ALL SELECT projection, commit_position, coalesce(halted_position, prepare_position) FROM checkpoints
	UNION ALL SELECT 'parked', position, 0 FROM parked_streams UNION ALL SELECT 'imports', commit_position, prepare_position FROM imports
	UNION ALL SELECT 'rebuilds', position, 0 FROM rebuilds ORDER BY 1, 2`

type at struct {
	What          string
	First, Second int64
}

func read(t *testing.T, conn *pgx.Conn) []at {
	t.Helper()
	rows, err := conn.Query(t.Context(), positions)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[at])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryPositionIsTranslatedOnce(t *testing.T) {
	conn := database(t)
	want := []at{
		{"accounts", 10, 0},
		{"accounts", 20, 0},
		{"before", 0, 0},
		{"between", 10, 10},
		{"claims", 2, 0},
		{"end", 20, 20},
		{"halted", 1, 2},
		{"imports", 20, 20},
		{"parked", 2, 0},
		{"rebuilds", 10, 0},
	}
	for _, outcome := range []error{nil, rebase.ErrDone} {
		if err := rebase.Tables(t.Context(), conn, moves()); !errors.Is(err, outcome) {
			t.Fatal(err)
		}
		if got := read(t, conn); !slices.Equal(got, want) {
			t.Errorf("after %v: %v", outcome, got)
		}
	}
}

func TestWhatDoesNotFitChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil string
		want  error
	}{
		"an account of another log": {`UPDATE accounts SET position = 20 WHERE revision = 1`, rebase.ErrOtherLog},
		"a claim of another log":    {`UPDATE email_claims SET position = 21`, rebase.ErrOtherLog},
		"an instance that serves":   {`UPDATE checkpoints SET lease_until = now() + interval '1 minute' WHERE projection = 'end'`, rebase.ErrServing},
	} {
		t.Run(name, func(t *testing.T) {
			conn := database(t)
			exec(t, conn, c.spoil)
			before := read(t, conn)
			if err := rebase.Tables(t.Context(), conn, moves()); !errors.Is(err, c.want) {
				t.Errorf("the error is %v", err)
			}
			if after := read(t, conn); !slices.Equal(after, before) {
				t.Errorf("it changed %v to %v", before, after)
			}
		})
	}
}

// A table that is added with positions of another name would be forgotten.
func TestNoOtherColumnHoldsPositions(t *testing.T) {
	conn := database(t)
	rows, err := conn.Query(t.Context(), `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND column_name LIKE '%position%' AND column_name <> 'position' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	known := []string{
		"checkpoints.commit_position", "checkpoints.halted_position", "checkpoints.prepare_position", "imports.commit_position",
		"imports.prepare_position", "log_anchor.commit_position", "log_anchor.prepare_position",
	}
	if !slices.Equal(found, known) {
		t.Errorf("package rebase has to know of %v", found)
	}
}
