package pgtest_test

import (
	"testing"

	"am-user-management/internal/pgtest"
)

func TestEveryTestHasTablesOfItsOwn(t *testing.T) {
	for _, name := range []string{"one", "another"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			if _, err := pool.Exec(t.Context(), `INSERT INTO checkpoints (projection) VALUES ('p')`); err != nil {
				t.Fatal(err)
			}
		})
	}
}
