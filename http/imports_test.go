package http_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/imports"
)

const bcryptHash = "$2b$04$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz01234"

// noQueue is a queue whose jobs run when a test says so.
type noQueue struct{}

func (noQueue) InsertImportTx(context.Context, pgx.Tx, domain.ID) error { return nil }

func newImports(tb testing.TB, h *house) *imports.Imports {
	tb.Helper()
	made, err := imports.New(imports.Options{
		Pool: h.pool, Queue: noQueue{}, Importer: h.commands, Key: h.tokens.Key("import-rows"), Clock: h.now,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return made
}

// importer is the header of somebody who may import users, and holds these permissions besides.
func (h *house) importer(permissions ...string) (bearer string) {
	h.t.Helper()
	user := h.verified()
	id, err := domain.ParseID(user)
	if err != nil {
		h.t.Fatal(err)
	}
	operator := commands.Request{CommandID: uuid.New(), Actor: eventstore.Actor{Kind: eventstore.Operator}}
	err = h.commands.Seed(h.t.Context(), append(roles.BuiltIn(nil), roles.Define{
		Name: "importer", Permissions: append(permissions, "user:import"),
	}), nil)
	if err == nil {
		err = h.commands.AssignRole(h.t.Context(), operator, id, "importer")
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return h.login()
}

func (h *house) post(bearer, body string, headers ...string) answer {
	h.t.Helper()
	return h.call(http.MethodPost, "/imports", body,
		append([]string{"Authorization", bearer, "Content-Type", "application/x-ndjson"}, headers...)...)
}

// imported sends rows, carries them out, and returns what came of them.
func (h *house) imported(bearer string, rows ...string) (id string, progress report) {
	h.t.Helper()
	accepted := h.post(bearer, strings.Join(rows, "\n")+"\n").want(http.StatusAccepted)
	h.runImport(accepted.string("id"))
	return accepted.string("id"), h.report(bearer, accepted.string("status_url"))
}

func (h *house) runImport(text string) {
	h.t.Helper()
	id, err := domain.ParseID(text)
	if err != nil {
		h.t.Fatal(err)
	}
	if more, err := h.imports.Run(h.t.Context(), id, h.now().Add(time.Hour), false); err != nil || more {
		h.t.Fatalf("the import is not done: more %v, %v", more, err)
	}
}

// report is the answer to GET /imports/{id}.
type report struct {
	State  string
	Counts struct{ Total, Done, Created, Failed int }
	Items  []struct {
		Row              int
		Status, ID, Code string
		Errors           []domain.FieldError
	}
	NextCursor *string `json:"next_cursor"`
}

func (h *house) report(bearer, path string) report {
	h.t.Helper()
	var r report
	text := h.call(http.MethodGet, path, "", "Authorization", bearer).want(http.StatusOK).text
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		h.t.Fatal(err)
	}
	return r
}

func importLine(n int, more ...string) string {
	return fmt.Sprintf(`{"email":"p%d@example.org","password_hash":%q%s}`, n, bcryptHash, strings.Join(more, ""))
}

func TestImportedUsersAreUsersLikeAllOthers(t *testing.T) {
	h := newHouse(t)
	bearer := h.importer()
	const given = "6f0e4b9e-0000-4000-8000-000000000001"
	_, done := h.imported(bearer,
		importLine(1, `,"id":"`+given+`","first_name":"Grace","phone_number":"+4915112345678","created_at":"2019-05-06T07:08:09Z"`),
		"", // no row
		importLine(2, `,"verified":false`),
		importLine(3, `,"status":"INACTIVE"`))
	if done.State != "DONE" || done.Counts.Total != 3 || done.Counts.Done != 3 || done.Counts.Created != 3 || done.NextCursor != nil {
		t.Fatalf("report %+v", done)
	}
	if first := done.Items[0]; first.Row != 1 || first.ID != given || first.Status != "created" || done.Items[1].Row != 3 {
		t.Errorf("items %+v", done.Items)
	}
	for i, status := range []account.Status{account.Active, account.PendingVerification, account.Inactive} {
		id, err := domain.ParseID(done.Items[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		found, err := h.commands.Account(t.Context(), id)
		if err != nil || found.State.Status != status || found.State.PasswordHash.Text() != bcryptHash {
			t.Errorf("row %d: %s, %v", i, found.State.Status, err)
		}
		if len(found.State.Requests) != 0 {
			t.Errorf("row %d: a mail was asked for", i)
		}
		created := time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC)
		if i > 0 {
			created = h.now()
		}
		if !found.State.CreatedAt.Equal(created) {
			t.Errorf("row %d: created at %s, want %s", i, found.State.CreatedAt, created)
		}
	}
	var rows int
	if err := h.pool.QueryRow(t.Context(), `SELECT count(*) FROM accounts WHERE email LIKE 'p%'`).Scan(&rows); err != nil || rows != 3 {
		t.Errorf("%d accounts are effective when the import is done, %v", rows, err)
	}
	h.call(http.MethodPost, "/users", `{"email":"P1@example.org","password":"correct horse"}`).problem(http.StatusConflict, "account.user-already-exists")
}

func TestABadRowFailsAloneAndNamesItsFaults(t *testing.T) {
	h := newHouse(t)
	bearer := h.importer()
	_, done := h.imported(bearer,
		importLine(1),
		importLine(2, `,"password":"plain words"`),
		`{"email":"nobody","password_hash":"md5","phone_number":"12","id":"x","created_at":"yesterday","roles":[""]}`,
		importLine(4, `,"email":"p5@example.org"`),
		`{"email":`,
		importLine(6, `,"created_at":"2030-01-01T00:00:00Z","timezone":"Nowhere"`),
		importLine(7, `,"status":"LOCKED"`),
		importLine(8, `,"status":"ACTIVE","verified":false`),
		`["email"]`,
		importLine(10, `,"first_name":"a\u0000b"`),
		`{"email":"p11@example.org","password_hash":"\u00ff"}`,
		importLine(12, `,"locale":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)),
		importLine(13),
		importLine(14, `,"created_at":"0001-01-01T00:00:00Z"`),
		importLine(15, `,"created_at":"9999-12-31T23:59:59-12:00"`),
	)
	fields := map[int]string{
		2: "password", 3: "roles id created_at phone_number password_hash email", 4: "email", 5: "email", 6: "timezone created_at", 7: "status",
		8: "status", 9: "body", 10: "first_name", 11: "password_hash", 12: "body",
		14: "created_at", 15: "created_at",
	}
	for _, item := range done.Items {
		want, bad := fields[item.Row]
		if !bad {
			if item.Status != "created" {
				t.Errorf("row %d failed: %+v", item.Row, item)
			}
			continue
		}
		var named []string
		for _, fault := range item.Errors {
			named = append(named, fault.Field)
		}
		if item.Status != "failed" || item.Code != "request.invalid" || strings.Join(named, " ") != want {
			t.Errorf("row %d: %s %s about %v, want %s", item.Row, item.Status, item.Code, named, want)
		}
	}
	if done.Counts.Created != 2 || done.Counts.Failed != 13 {
		t.Errorf("counts %+v", done.Counts)
	}
}

func TestAnAddressOrIDThatIsTakenIsNotImported(t *testing.T) {
	h := newHouse(t)
	bearer := h.importer()
	const id, other = "6f0e4b9e-0000-4000-8000-000000000001", "6f0e4b9e-0000-4000-8000-000000000002"
	const taken, used = "account.user-already-exists", "account.id-used"
	_, done := h.imported(bearer, importLine(1, `,"id":"`+id+`"`), importLine(2), strings.ToUpper(importLine(1)[:26])+importLine(1)[26:],
		`{"email":"ada@example.org","password_hash":"`+bcryptHash+`"}`,
		importLine(3, `,"id":"`+id+`"`), importLine(1, `,"id":"`+other+`"`), importLine(1, `,"id":"`+id+`"`))
	codes := make([]string, len(done.Items))
	for i, item := range done.Items {
		codes[i] = item.Code
	}
	if want := []string{"", "", "request.invalid", taken, used, taken, taken}; strings.Join(codes, ",") != strings.Join(want, ",") {
		t.Errorf("codes %v, want %v", codes, want)
	}
	// What was refused left nothing behind: the address and the id are free.
	if _, again := h.imported(bearer, importLine(3, `,"id":"`+other+`"`)); again.Counts.Created != 1 {
		t.Errorf("a refused row keeps its address or its id: %+v", again.Items)
	}
}

func TestTheWholeCallIsRefusedBeforeAnythingIsDone(t *testing.T) {
	h := newHouse(t)
	bearer := h.importer()
	before := len(h.log.Log())
	h.post(bearer, "\n\n").field("body")
	h.post(bearer, strings.Repeat("{}\n", 10_001)).problem(http.StatusRequestEntityTooLarge, "request.too-large")
	h.post(bearer, strings.Repeat(" ", 16<<20+1)).problem(http.StatusRequestEntityTooLarge, "request.too-large")
	h.post(bearer, importLine(1), "Content-Type", "application/json").problem(http.StatusUnsupportedMediaType, "request.unsupported-media-type")
	h.post("", importLine(1)).problem(http.StatusUnauthorized, "request.unauthenticated")
	h.post("", strings.Repeat(" ", 16<<20+1)).problem(http.StatusUnauthorized, "request.unauthenticated")
	h.call(http.MethodGet, "/imports/6f0e4b9e-0000-4000-8000-000000000001", "", "Authorization", bearer).problem(http.StatusNotFound, "import.not-found")
	var waiting int
	if err := h.pool.QueryRow(t.Context(), `SELECT count(*) FROM imports`).Scan(&waiting); err != nil || waiting != 0 || len(h.log.Log()) != before {
		t.Errorf("%d imports wait and %d events were written, %v", waiting, len(h.log.Log())-before, err)
	}
	h.post(bearer, strings.Repeat("{}\n", 10_000)).want(http.StatusAccepted)
}

func TestTheSameKeyIsTheSameImport(t *testing.T) {
	h := newHouse(t)
	bearer := h.importer()
	first := h.post(bearer, importLine(1), "Idempotency-Key", "k").want(http.StatusAccepted).string("id")
	again := h.post(bearer, importLine(1), "Idempotency-Key", "k").want(http.StatusAccepted).string("id")
	if first != again {
		t.Errorf("two imports, %s and %s", first, again)
	}
	h.post(bearer, importLine(2), "Idempotency-Key", "k").problem(http.StatusUnprocessableEntity, "request.idempotency-key-reused")
	h.runImport(first)
	if other := h.post(bearer, importLine(1)).want(http.StatusAccepted).string("id"); other == first {
		t.Error("without a key it is another import")
	}
	h.post(bearer, importLine(1), "Idempotency-Key", "k").want(http.StatusAccepted)
	if done := h.report(bearer, "/imports/"+first); done.State != "DONE" || done.Counts.Total != 1 {
		t.Errorf("a repeated request changed the import: %+v", done)
	}
}

func TestResultsComeInPagesAndByStatus(t *testing.T) {
	h := newHouse(t)
	bearer := h.importer()
	rows := make([]string, 2100)
	for i := range rows {
		if rows[i] = importLine(i); i%700 == 0 {
			rows[i] = "{}"
		}
	}
	id, _ := h.imported(bearer, rows...)
	seen, path := 0, "/imports/"+id+"?limit=199"
	for next := path; next != ""; {
		got := h.report(bearer, next)
		for _, item := range got.Items {
			if seen++; item.Row != seen {
				t.Fatalf("row %d comes where %d should", item.Row, seen)
			}
		}
		if next = ""; got.NextCursor != nil {
			next = path + "&cursor=" + *got.NextCursor
		}
	}
	if seen != len(rows) {
		t.Errorf("%d rows in all pages", seen)
	}
	failed := h.report(bearer, "/imports/"+id+"?status=failed&limit=2")
	if len(failed.Items) != 2 || failed.Items[1].Row != 701 || failed.NextCursor == nil {
		t.Errorf("failed rows %+v", failed.Items)
	}
	h.call(http.MethodGet, "/imports/"+id+"?status=maybe", "", "Authorization", bearer).field("status")
	h.call(http.MethodGet, "/imports/"+id+"?limit=0", "", "Authorization", bearer).field("limit")
	h.call(http.MethodGet, "/imports/"+id+"?cursor=AAAA", "", "Authorization", bearer).field("cursor")
}

// TestR13NobodyImportsRolesAboveTheirOwn: an import is no way around the rule that nobody grants what they lack.
func TestR13NobodyImportsRolesAboveTheirOwn(t *testing.T) {
	h := newHouse(t)
	bearer := h.importer("user:read", "role:assign")
	_, done := h.imported(bearer,
		importLine(1, `,"roles":["admin"]`), importLine(2, `,"roles":["importer"]`), importLine(3, `,"roles":["importer","admin"]`),
		importLine(4, `,"roles":["no-such-role"]`), importLine(5))
	codes := make([]string, len(done.Items))
	for i, item := range done.Items {
		codes[i] = item.Code
	}
	if codes[0] != "roles.permission-denied" || codes[1] != "" || codes[2] != "roles.permission-denied" || codes[3] == "" || codes[4] != "" {
		t.Fatalf("codes %q", codes)
	}
	for _, e := range h.log.Log() {
		if strings.Contains(string(e.Data), `"admin"`) && strings.HasPrefix(e.Stream, "access-") {
			t.Error("admin was given")
		}
	}
	if _, again := h.imported(bearer, importLine(1), importLine(3)); again.Counts.Created != 2 {
		t.Errorf("a refused row keeps its address: %+v", again.Items)
	}
	// Rights count when a row is carried out, not when it is sent.
	define := func(name string, permissions ...string) {
		t.Helper()
		if err := h.commands.Seed(t.Context(), []roles.Define{{Name: name, Permissions: permissions}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	define("reader", "user:read")
	waiting := h.post(bearer, importLine(9, `,"roles":["reader"]`)).want(http.StatusAccepted).string("id")
	define("importer", "user:import")
	h.runImport(waiting)
	if late := h.report(bearer, "/imports/"+waiting); late.Items[0].Code != "roles.permission-denied" {
		t.Errorf("a right that was taken still counted: %+v", late.Items)
	}
	h.call(http.MethodPost, "/imports", "{}", "Content-Type", "application/x-ndjson", "Authorization", h.plain()).problem(http.StatusForbidden, "roles.permission-denied")
}

// plain is the header of somebody without any role.
func (h *house) plain() string {
	h.t.Helper()
	id := h.call(http.MethodPost, "/users", `{"email":"eve@example.org","password":"correct horse"}`).want(http.StatusCreated).string("id")
	h.call(http.MethodPost, "/verify-email", `{"token":"`+h.mailed(id)+`"}`).want(http.StatusNoContent)
	return "Bearer " + h.call(http.MethodPost, "/login", `{"email":"eve@example.org","password":"correct horse"}`).want(http.StatusOK).string("session_id")
}

// However rows are shuffled, doubled and cut into imports, every address has one account in the end.
func TestEveryAddressIsImportedOnce(t *testing.T) {
	h := newHouse(t)
	bearer := h.importer()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	const people = 40
	owners := map[string]string{}
	for range 6 {
		var rows []string
		var numbers []int
		for range 60 {
			n := random.IntN(people)
			rows, numbers = append(rows, importLine(n)), append(numbers, n)
		}
		accepted := h.post(bearer, strings.Join(rows, "\n")).want(http.StatusAccepted).string("id")
		h.runImport(accepted)
		for _, item := range h.report(bearer, "/imports/"+accepted+"?status=created&limit=200").Items {
			address := fmt.Sprintf("p%d@example.org", numbers[item.Row-1])
			if first, had := owners[address]; had {
				t.Errorf("%s has accounts %s and %s", address, first, item.ID)
			}
			owners[address] = item.ID
		}
	}
	created := map[string]int{}
	for _, e := range h.log.Log() {
		if e.Type == (account.UserCreated{}).EventType() {
			created[e.Stream]++
		}
	}
	for stream, times := range created {
		if times != 1 {
			t.Errorf("%s was created %d times", stream, times)
		}
	}
	if len(created) != len(owners)+1 { // and the importer
		t.Errorf("%d accounts for %d addresses", len(created), len(owners))
	}
}
