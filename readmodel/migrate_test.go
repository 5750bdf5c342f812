package readmodel_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
	"am-user-management/projections"
	"am-user-management/readmodel"
)

func TestInstancesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	if _, err := pool.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	var instances errgroup.Group
	for range 3 {
		instances.Go(func() error { return readmodel.Migrate(t.Context(), pool) })
	}
	if err := instances.Wait(); err != nil {
		t.Fatal(err)
	}
	if rows := projtest.Rows(t, pool, "accounts"); len(rows) != 0 {
		t.Errorf("got %v, want an empty table", rows)
	}
}

func TestTheSearchPathSaysWhichTablesAreMeant(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	live, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(live.Close)
	if _, err := live.Exec(t.Context(), `CREATE SCHEMA rebuilt`); err != nil {
		t.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["search_path"] = "rebuilt"
	rebuilt, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rebuilt.Close)
	if err := readmodel.Migrate(t.Context(), rebuilt); err != nil {
		t.Fatal(err)
	}
	for _, p := range projections.All() {
		projtest.Apply(t, rebuilt, p, visiting().Events())
	}
	if _, err := readmodel.New(rebuilt).Account(t.Context(), idOf(ann)); err != nil {
		t.Errorf("the rebuilt tables: %v", err)
	}
	if rows := projtest.Rows(t, live, "accounts"); len(rows) != 0 {
		t.Errorf("the live tables have %v, want nothing", rows)
	}
}
