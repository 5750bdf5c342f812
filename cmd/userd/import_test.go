package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"am-user-management/domain/account"
	"am-user-management/domain/email"
)

// kill -9 while an import is carried out, Postgres included: it goes on by itself, and in the end every row made one
// user, of whom its result tells the id.
func TestAnImportSurvivesKills(t *testing.T) {
	const rows, kills = 1500, 2
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	w := newWorldAlone(t, "BOOTSTRAP_ADMIN_EMAIL=admin@example.org", "BOOTSTRAP_ADMIN_PASSWORD="+password)
	p := w.start()
	var body strings.Builder
	for n := range rows {
		fmt.Fprintf(&body, `{"email":"row%d@example.org","password_hash":"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}`+"\n", n)
	}
	session := p.must(t, 200, "POST", "/login", fmt.Sprintf(`{"email":"admin@example.org","password":%q}`, password)).get("session_id")
	auth := []string{"Authorization", "Bearer " + session}
	accepted := p.must(t, 202, "POST", "/imports", body.String(), append(auth, "Content-Type", "application/x-ndjson", "Idempotency-Key", "all")...)
	status := accepted.get("status_url")
	for range kills {
		after := time.NewTimer(time.Duration(random.IntN(700)) * time.Millisecond)
		<-after.C
		p.kill()
		p = w.start()
	}
	again := p.must(t, 202, "POST", "/imports", body.String(), append(auth, "Content-Type", "application/x-ndjson", "Idempotency-Key", "all")...)
	if again.get("id") != accepted.get("id") {
		t.Errorf("the repeated request made another import")
	}
	var report struct {
		State  string
		Counts struct{ Total, Done, Created, Failed int }
	}
	eventually(t, "the import is done", func() bool {
		got := p.must(t, 200, "GET", status, "", auth...)
		if err := json.Unmarshal(got.body, &report); err != nil {
			t.Fatal(err)
		}
		return report.State == "DONE"
	})
	if report.Counts.Created != rows || report.Counts.Failed != 0 {
		t.Errorf("counts %+v, want %d created", report.Counts, rows)
	}
	w.database = p.ready["postgres"]
	created, claims, addresses := map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range w.history(p) {
		switch event := e.Event.(type) {
		case account.UserCreated:
			created[e.Stream]++
			addresses[event.Email.Text()]++
		case email.EmailClaimed:
			claims[e.Stream]++
		}
	}
	for _, counts := range []map[string]int{created, claims, addresses} {
		for what, times := range counts {
			if times != 1 {
				t.Errorf("%s: %d times", what, times)
			}
		}
		if len(counts) != rows+1 { // and the administrator
			t.Errorf("%d of %d", len(counts), rows+1)
		}
	}
	failed := p.must(t, 200, "GET", status+"?status=failed", "", auth...)
	if !strings.Contains(string(failed.body), `"items":[]`) {
		t.Errorf("failed rows: %s", failed.body)
	}
}
