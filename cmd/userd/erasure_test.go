package main_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"am-user-management/domain"
)

// An account's address is changed, then it is erased while the process is killed: afterwards nothing of its user is left
// anywhere, and the address is anybody's.
func TestAnErasureSurvivesAKillAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	ada := w.signUp(p, "ada.canary@example.org")
	eventually(t, "every step of the onboarding is done", func() bool { return p.onboarded(t, ada) })
	p.must(t, 200, "PATCH", "/profile", `{"last_name":"Lovelacecanary","bio":"She wrote the first canary."}`, ada.auth()...)

	const moved = "ada.second.canary@example.org"
	p.must(t, 202, "POST", "/users/me/email", fmt.Sprintf(`{"new_email":%q,"password":%q}`, moved, password), ada.auth()...)
	token := w.token(moved)
	w.nextMail(ada.email) // the old address is told
	p.must(t, 200, "POST", "/login", fmt.Sprintf(`{"email":%q,"password":%q}`, ada.email, password))
	p.must(t, 204, "POST", "/verify-email", fmt.Sprintf(`{"token":%q}`, token))
	p.must(t, 401, "POST", "/login", fmt.Sprintf(`{"email":%q,"password":%q}`, ada.email, password))
	w.nextMail(ada.email) // and told again
	canaries := []string{"ada.canary", "ada.second.canary", "Lovelacecanary", "first canary"}
	eventually(t, "the tables show it", func() bool { return strings.Contains(w.dump(), "first canary") })
	eventually(t, "the old address is free", func() bool {
		got, err := call("POST", p.public+"/users", fmt.Sprintf(`{"email":%q,"password":%q}`, ada.email, password))
		return err == nil && got.status == 201
	})
	other := w.token(ada.email) // of its new owner, who is somebody else
	p.must(t, 204, "POST", "/verify-email", fmt.Sprintf(`{"token":%q}`, other))
	heir := user{session: p.must(t, 200, "POST", "/login", fmt.Sprintf(`{"email":%q,"password":%q}`, ada.email, password)).get("session_id")}
	erase := func(u user) string {
		t.Helper()
		return p.must(t, 202, "DELETE", "/users/me", fmt.Sprintf(`{"password":%q}`, password), u.auth()...).get("status_url")
	}
	statuses := []string{erase(ada), erase(heir)}
	p.must(t, 401, "GET", "/users/me", "", ada.auth()...)
	p.kill()
	p = w.start()
	for _, status := range statuses {
		eventually(t, "the erasure is done", func() bool { return p.must(t, 200, "GET", status, "").get("state") == "done" })
	}
	told := 0
	eventually(t, "the token service is told", func() bool {
		told = 0
		for _, effect := range w.tokens.Effects() {
			if effect.UserID.String() == ada.id && effect.Reason == "account_erasure_requested" {
				told++
			}
		}
		return told > 0
	})
	if told != 1 {
		t.Errorf("the token service was told %d times", told)
	}
	w.checkRebuild(p)
	tables := w.dump()
	for _, canary := range canaries {
		if at := strings.Index(tables, canary); at >= 0 {
			t.Errorf("%q is in the tables: …%s…", canary, tables[max(0, at-200):min(len(tables), at+100)])
		}
		for _, e := range w.history(p) {
			if strings.Contains(hidden(reflect.ValueOf(e.Event))+e.Meta.Client.IP.Text()+e.Meta.Client.UserAgent.Text(), canary) {
				t.Errorf("%q is in %s of %s", canary, e.Event.EventType(), e.Stream)
			}
		}
		if strings.Contains(p.errors.String(), canary) {
			t.Errorf("%q was logged", canary)
		}
	}
	w.absent(filepath.Join(w.dir, "data"), canaries)
	again := w.signUp(p, moved)
	if again.id == ada.id {
		t.Error("the address led back to the erased account")
	}
	if err := p.stop(t); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}

// hidden is what an event hides, in the clear.
func hidden(v reflect.Value) string {
	switch text := v.Interface().(type) {
	case domain.Personal:
		return text.Text() + "\n"
	case domain.Secret:
		return text.Text() + "\n"
	}
	var all strings.Builder
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return hidden(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				all.WriteString(hidden(v.Field(i)))
			}
		}
	default: // the rest is not hidden: it is stored as it is
	}
	return all.String()
}

// dump is every table of the database as text, the queue's and the key ring's too.
func (w *world) dump() string {
	w.t.Helper()
	pool := w.pool(w.database)
	rows, err := pool.Query(w.t.Context(), `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`)
	if err != nil {
		w.t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 15 {
		w.t.Fatal(tables, err)
	}
	var text strings.Builder
	for _, table := range tables {
		rows, err := pool.Query(w.t.Context(), "SELECT to_jsonb(t)::text FROM "+table+" t")
		if err != nil {
			w.t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintln(&text, table, strings.Join(lines, "\n"))
	}
	return text.String()
}

// absent looks for texts in all files of a folder.
func (w *world) absent(dir string, texts []string) {
	w.t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(content, []byte(text)) {
				w.t.Errorf("%q is in %s", text, path)
			}
		}
		files++
		return err
	})
	if err != nil || files == 0 {
		w.t.Errorf("%d files in %s, %v", files, dir, err)
	}
}
