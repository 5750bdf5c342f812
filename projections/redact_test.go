package projections_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/domain/profile"
	"am-user-management/domain/session"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
	"am-user-management/projections"
)

// personal builds the log of two users; what the first one said is as given.
func personal(name, bio, ip domain.Personal) *projtest.Log {
	log := &projtest.Log{}
	for _, user := range []domain.ID{id(1), id(2)} {
		first := text("Bob")
		if user == id(1) {
			first = name
		}
		log.Append(profile.StreamOf(user), profile.ProfileCreated{UserID: user, FirstName: first, CreatedAt: at(0)})
	}
	log.Append(profile.StreamOf(id(1)), profile.ProfileUpdated{UserID: id(1), Bio: &bio, UpdatedAt: at(1)})
	for n := byte(10); n <= 12; n++ {
		user := id(1 + n/12)
		s := started(id(n), user)
		if user == id(1) {
			s.IP, s.UserAgent = ip, ip
		}
		log.Append(session.StreamOf(id(n)), s)
	}
	log.Append(session.StreamOf(id(10)), session.SessionEnded{SessionID: id(10), EndedAt: at(2)})
	return log
}

func loader(log *projtest.Log) projections.Loader {
	return func(_ context.Context, stream string) ([]eventstore.Envelope, error) {
		return log.Stream(stream, 0), nil
	}
}

func tables(t *testing.T, pool *pgxpool.Pool) map[string][]projtest.Row {
	t.Helper()
	rows := make(map[string][]projtest.Row)
	for _, table := range []string{"profiles", "sessions"} {
		rows[table] = projtest.Rows(t, pool, table)
	}
	return rows
}

// A table that is being made anew holds what was read while there was a key.
func TestATableThatIsBeingRebuiltIsRedactedToo(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	before, after := personal(text("Ada"), text("bio"), text("ip")), personal(domain.ErasedPersonal(), domain.ErasedPersonal(), domain.ErasedPersonal())
	for _, table := range []string{"profiles", "sessions"} {
		if _, err := pool.Exec(t.Context(), `CREATE TABLE public_rebuild.`+table+` (LIKE `+table+` INCLUDING ALL)`); err != nil {
			t.Fatal(err)
		}
		projtest.Apply(t, pool, named(t, table), before.Events())
		if _, err := pool.Exec(t.Context(), `INSERT INTO public_rebuild.`+table+` SELECT * FROM `+table); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"accounts", "users"} {
		projtest.Apply(t, pool, named(t, table), history().Events())
		columns := strings.Join(named(t, table).(feed.Rebuildable).Columns(), ", ")
		for _, statement := range []string{
			`CREATE TABLE public_rebuild.` + table + ` (LIKE ` + table + ` INCLUDING DEFAULTS INCLUDING GENERATED)`,
			`INSERT INTO public_rebuild.` + table + ` (` + columns + `) SELECT ` + columns + ` FROM ` + table,
		} {
			if _, err := pool.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := projections.NewRedactor(pool).Redact(t.Context(), id(1), loader(after)); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"accounts", "users"} {
		var left int
		err := pool.QueryRow(t.Context(), `SELECT count(*) FROM public_rebuild.`+table+` WHERE user_id = $1 AND email IS NULL`, user(1)).Scan(&left)
		if err != nil || left != 1 {
			t.Errorf("rebuild.%s has %d rows of the user without an address, want 1, %v", table, left, err)
		}
		err = pool.QueryRow(t.Context(), `SELECT count(*) FROM public_rebuild.`+table+` WHERE user_id <> $1 AND email IS NOT NULL`, user(1)).Scan(&left)
		if err != nil || left == 0 {
			t.Errorf("rebuild.%s: others have lost theirs, %v", table, err)
		}
	}
	live := tables(t, pool)
	for _, table := range []string{"profiles", "sessions"} {
		if _, err := pool.Exec(t.Context(), `TRUNCATE `+table+`; INSERT INTO `+table+` SELECT * FROM public_rebuild.`+table); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(live, tables(t, pool)); diff != "" {
		t.Errorf("(-live +rebuilt):\n%s", diff)
	}
}

// After the key is gone the rows are those of a rebuild, and everybody else's are as they were.
func TestRedactedRowsAreThoseOfARebuild(t *testing.T) {
	t.Parallel()
	erased := domain.ErasedPersonal()
	before, after := personal(text("Ada"), text("Wrote it."), text("192.0.2.9")), personal(erased, erased, erased)
	pool, rebuilt := pgtest.New(t), pgtest.New(t)
	for _, table := range []string{"profiles", "sessions"} {
		projtest.Apply(t, pool, named(t, table), before.Events())
		projtest.Apply(t, rebuilt, named(t, table), after.Events())
	}
	for range 2 {
		if err := projections.NewRedactor(pool).Redact(t.Context(), id(1), loader(after)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tables(t, rebuilt), tables(t, pool)); diff != "" {
			t.Errorf("the rows differ from a rebuild's (-rebuilt +redacted):\n%s", diff)
		}
	}
}

func TestRedactingComesBeforeTheProjector(t *testing.T) {
	t.Parallel()
	erased := domain.ErasedPersonal()
	before, after := personal(text("Ada"), text("Wrote it."), text("192.0.2.9")), personal(erased, erased, erased)
	pool := pgtest.New(t)
	if err := projections.NewRedactor(pool).Redact(t.Context(), id(1), loader(after)); err != nil {
		t.Fatal(err)
	}
	projtest.Apply(t, pool, named(t, "profiles"), before.Events()) // by an instance that still has the key
	if row := rowOf(t, projtest.Rows(t, pool, "profiles"), "user_id", user(1)); row["first_name"] != nil || row["bio"] != nil {
		t.Errorf("the projector wrote what was erased: %v", row)
	}
}

// Rows never go back: the projector would find a gap where it goes on.
func TestRedactingFailsRatherThanGoBack(t *testing.T) {
	t.Parallel()
	log := personal(text("Ada"), text("Wrote it."), text("192.0.2.9"))
	pool := pgtest.New(t)
	for _, table := range []string{"profiles", "sessions"} {
		projtest.Apply(t, pool, named(t, table), log.Events())
	}
	want := tables(t, pool)
	late := func(_ context.Context, stream string) ([]eventstore.Envelope, error) {
		history := log.Stream(stream, 0)
		return history[:len(history)-1], nil
	}
	if err := projections.NewRedactor(pool).Redact(t.Context(), id(1), late); err == nil {
		t.Error("a short history was taken")
	}
	gone := errors.New("the store does not answer")
	err := projections.NewRedactor(pool).Redact(t.Context(), id(1), func(context.Context, string) ([]eventstore.Envelope, error) { return nil, gone })
	if !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(want, tables(t, pool)); diff != "" {
		t.Errorf("a failure changed rows:\n%s", diff)
	}
}
