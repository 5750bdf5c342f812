package main_test

import (
	"strings"
	"testing"
)

// TestR26AFullDiskOfPostgresIsToldAndRecoveredFrom is F27: a view that finds no room stands still, /readyz says so, and it
// goes on by itself when there is room.
func TestR26AFullDiskOfPostgresIsToldAndRecoveredFrom(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	pool := w.pool(w.database)
	for _, statement := range []string{
		`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`,
		`CREATE TRIGGER no_room BEFORE INSERT ON profiles FOR EACH ROW EXECUTE FUNCTION no_room()`,
	} {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	ada := w.signUp(p, "ada@example.org")
	eventually(t, "it is not ready", func() bool {
		got := readiness(t, p)
		return got.status == 503 && strings.Contains(string(got.body), `"projection profiles","fault":"waits for room: `)
	})
	if _, err := pool.Exec(t.Context(), `DROP TRIGGER no_room ON profiles`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is ready", func() bool { return readiness(t, p).status == 200 })
	eventually(t, "the view has what was missing", func() bool { return p.onboarded(t, ada) })
	p.must(t, 200, "GET", "/profile", "", ada.auth()...)
}
