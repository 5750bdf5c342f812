package http_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
	"am-user-management/projections"
)

var _ commands.Shredder = shredder{}

// shredder is that of the program, over the house's ring and tables. It fails where a test says so.
type shredder struct {
	office
	fail func(step string) error
}

func (s shredder) DestroyKeys(ctx context.Context, subjects ...domain.ID) error {
	for _, subject := range subjects {
		if err := s.failing("key " + subject.String()); err != nil {
			return err
		}
		if err := s.ring.Destroy(ctx, subject); err != nil {
			return err
		}
	}
	return nil
}

func (s shredder) RedactRows(ctx context.Context, user domain.ID, load func(context.Context, string) ([]eventstore.Envelope, error)) error {
	if err := s.failing("rows"); err != nil {
		return err
	}
	return projections.NewRedactor(s.pool).Redact(ctx, user, load)
}

func (s shredder) failing(step string) error {
	if s.fail == nil {
		return nil
	}
	return s.fail(step)
}

// erase does what the job does.
func (o office) erase(id string) {
	o.t.Helper()
	if err := o.commands.Erase(o.t.Context(), o.parse(id), shredder{office: o}); err != nil {
		o.t.Fatal(err)
	}
}

// canaries are what ada says of herself in these tests: none of it may be found once she was erased.
var canaries = []string{
	"ada.canary", "+4915112345678", "Adacanary", "Lovelacecanary", "wrote the first canary", "canary.example", "favouritecanary",
	"203.0.113.77", "canary-agent", "ada.second.canary", "hash of correct horse",
}

// canary makes ada an account with all that she can say of herself, and returns her id and what she shows.
func (o office) canary() (id string, auth []string) {
	o.t.Helper()
	client := []string{"User-Agent", "canary-agent/1.0"}
	body := `{"email":"ada.canary@example.org","password":"correct horse","phone_number":"+4915112345678","first_name":"Adacanary","last_name":"Lovelacecanary"}`
	id = o.from("203.0.113.77", http.MethodPost, "/users", body, client...).want(http.StatusCreated).string("id")
	o.call(http.MethodPost, "/verify-email", `{"token":"`+o.mailed(id)+`"}`).want(http.StatusNoContent)
	o.onboarded(id)
	login := `{"email":"ada.canary@example.org","password":"correct horse"}`
	o.from("203.0.113.77", http.MethodPost, "/login", login, client...).want(http.StatusOK)
	auth = []string{"Authorization", "Bearer " + o.from("203.0.113.77", http.MethodPost, "/login", login, client...).want(http.StatusOK).string("session_id")}
	patch := `{"bio":"She wrote the first canary.","picture_url":"https://canary.example/a.png","metadata":{"favouritecanary":"yes"}}`
	o.call(http.MethodPatch, "/profile", patch, append(auth, client...)...).want(http.StatusOK)
	o.call(http.MethodPost, "/users/me/email", `{"new_email":"ada.second.canary@example.org","password":"correct horse"}`, auth...).want(http.StatusAccepted)
	o.project()
	return id, auth
}

// from is call from an address on the network.
func (o office) from(ip, method, path, body string, headers ...string) answer {
	o.t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = ip + ":4711"
		o.server.Public().ServeHTTP(w, r)
	})
	return o.send(handler, method, path, body, headers...)
}

// dump is all tables, as text.
func (o office) dump() string {
	o.t.Helper()
	names, err := o.pool.Query(o.t.Context(), `SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`)
	if err != nil {
		o.t.Fatal(err)
	}
	tables, err := pgx.CollectRows(names, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		o.t.Fatal(tables, err)
	}
	var text strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&text, "%s: %v\n", table, projtest.Rows(o.t, o.pool, table))
	}
	return text.String()
}

// decoded is the whole log as its readers see it, hidden text in the clear.
func (o office) decoded() (events []eventstore.Envelope, text string) {
	o.t.Helper()
	events, err := o.codec.Decode(o.t.Context(), o.log.Log())
	if err != nil {
		o.t.Fatal(err)
	}
	var clear strings.Builder
	for _, e := range events {
		hidden(&clear, reflect.ValueOf(e.Event))
		clear.WriteString(e.Meta.Client.IP.Text() + e.Meta.Client.UserAgent.Text())
	}
	for _, record := range o.log.Log() {
		clear.Write(record.Data)
		clear.Write(record.Metadata)
	}
	return events, clear.String()
}

// hidden writes what an event hides, in the clear.
func hidden(to *strings.Builder, v reflect.Value) {
	switch text := v.Interface().(type) {
	case domain.Personal:
		to.WriteString(text.Text() + "\n")
		return
	case domain.Secret:
		to.WriteString(text.Text() + "\n")
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			hidden(to, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				hidden(to, v.Field(i))
			}
		}
	default: // what is not hidden is looked through as it is stored
	}
}

func TestAnErasureLeavesNothing(t *testing.T) {
	o := newOffice(t)
	o.join("root", roles.Admin)
	id, auth := o.canary()
	_, before := o.decoded()
	tables := o.dump()
	for _, canary := range canaries {
		if !strings.Contains(before, canary) {
			t.Errorf("%q is not in the log before: the test looks in vain", canary)
		}
	}
	for _, canary := range []string{"ada.canary", "Adacanary", "wrote the first canary", "203.0.113.77", "favouritecanary"} {
		if !strings.Contains(tables, canary) {
			t.Errorf("%q is not in the tables before: the test looks in vain", canary)
		}
	}

	o.call(http.MethodDelete, "/users/me", `{"password":"wrong horse"}`, auth...).problem(http.StatusUnauthorized, "account.invalid-credentials")
	accepted := o.call(http.MethodDelete, "/users/me", `{"password":"correct horse"}`, auth...).want(http.StatusAccepted)
	status := accepted.string("status_url")
	if accepted.string("erasure_id") == "" || !strings.HasSuffix(status, accepted.string("erasure_id")) || accepted.header.Get("Consistency-Token") == "" {
		t.Errorf("accepted %s, %v", accepted.text, accepted.header)
	}
	o.call(http.MethodGet, "/users/me", "", auth...).problem(http.StatusUnauthorized, "request.unauthenticated") // at once
	pending := o.call(http.MethodGet, status, "").want(http.StatusOK)
	if pending.string("state") != "pending" || pending.json("done_at") != nil || pending.string("requested_at") == "" {
		t.Errorf("pending: %s", pending.text)
	}
	o.erase(id)
	if done := o.call(http.MethodGet, status, "").want(http.StatusOK); done.string("state") != "done" || done.string("done_at") == "" || done.string("erasure_id") != accepted.string("erasure_id") {
		t.Errorf("done: %s", done.text)
	}
	o.project()

	events, after := o.decoded()
	tables = o.dump()
	for _, canary := range canaries {
		for where, text := range map[string]string{"the log": after, "the tables": tables, "what was logged": o.logged.String()} {
			if at := strings.Index(text, canary); at >= 0 {
				t.Errorf("%q is in %s: …%s…", canary, where, text[max(0, at-100):min(len(text), at+100)])
			}
		}
	}
	o.rebuiltAlike(events)
}

// rebuiltAlike compares every table with what the log gives in one go.
func (o office) rebuiltAlike(events []eventstore.Envelope) {
	o.t.Helper()
	fresh := pgtest.New(o.t)
	for _, projection := range projections.All() {
		projtest.Apply(o.t, fresh, projection, events)
		if diff := cmp.Diff(projtest.Rows(o.t, fresh, projection.Name()), projtest.Rows(o.t, o.pool, projection.Name())); diff != "" {
			o.t.Errorf("%s differs from a rebuild (-rebuilt +live):\n%s", projection.Name(), diff)
		}
	}
}

func TestAnErasureThatIsCutOffIsBegunAnew(t *testing.T) {
	o := newOffice(t)
	_, admin := o.join("root", roles.Admin)
	id, _ := o.canary()
	o.call(http.MethodDelete, "/users/"+id, `{"reason":"asked by letter"}`, admin...).want(http.StatusAccepted)
	left := 0
	for done := false; !done; left++ {
		budget := left
		err := o.commands.Erase(t.Context(), o.parse(id), shredder{office: o, fail: func(string) error {
			if budget--; budget < 0 {
				return context.DeadlineExceeded
			}
			return nil
		}})
		if err != nil && left > 10 {
			t.Fatal(err)
		}
		done = err == nil
	}
	if left < 3 {
		t.Errorf("it was cut off %d times only", left-1)
	}
	o.erase(id) // and again when it is done
	if got := o.types(account.StreamOf(o.parse(id))); strings.Count(got, "account_erased") != 1 || strings.Count(got, "erasure_requested") != 1 {
		t.Errorf("the account has %s", got)
	}
	o.project()
	events, _ := o.decoded()
	o.rebuiltAlike(events)
}

func (o office) types(stream string) string {
	o.t.Helper()
	history, err := o.log.Load(o.t.Context(), stream, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	var types []string
	for _, e := range history {
		types = append(types, e.Event.EventType())
	}
	return strings.Join(types, " ")
}

func TestTheErasedAreUnknownToEverybody(t *testing.T) {
	o := newOffice(t)
	_, admin := o.join("root", roles.Admin)
	id, auth := o.canary()
	token := o.changeToken(id)
	o.call(http.MethodDelete, "/users/"+id, "", admin...).want(http.StatusAccepted)
	o.call(http.MethodDelete, "/users/"+id, "", admin...).want(http.StatusAccepted) // the same one
	o.erase(id)
	user, r := o.parse(id), o.request()
	for _, what := range []string{"deactivate", "reactivate", "unlock"} {
		o.call(http.MethodPost, "/users/"+id+"/"+what, "", admin...).problem(http.StatusNotFound, "account.not-found")
	}
	o.call(http.MethodDelete, "/users/"+id, "", admin...).problem(http.StatusNotFound, "account.not-found")
	o.call(http.MethodPost, "/login", `{"email":"ada.canary@example.org","password":"correct horse"}`).problem(http.StatusUnauthorized, "account.invalid-credentials")
	o.call(http.MethodGet, "/profile", "", auth...).problem(http.StatusUnauthorized, "request.unauthenticated")
	o.call(http.MethodPost, "/verify-email", `{"token":"`+token+`"}`).problem(http.StatusBadRequest, "account.token-used")
	o.call(http.MethodPost, "/verify-email/resend", `{"email":"ada.canary@example.org"}`).want(http.StatusAccepted)
	o.project()
	for range 2 { // from the tables, and from the streams where the tables do not know
		service := []string{"Authorization", "Bearer " + serviceKey}
		o.send(o.server.Internal(), http.MethodGet, "/internal/v1/users/"+id, "", service...).problem(http.StatusNotFound, "account.not-found")
		o.send(o.server.Internal(), http.MethodGet, "/internal/v1/users/"+id+"/profile", "", service...).problem(http.StatusNotFound, "profile.not-found")
		o.call(http.MethodGet, "/users/"+id, "", admin...).problem(http.StatusNotFound, "account.not-found")
		o.call(http.MethodGet, "/users/"+id+"/profile", "", admin...).problem(http.StatusNotFound, "profile.not-found")
		o.call(http.MethodGet, "/users/"+id+"/roles", "", admin...).problem(http.StatusNotFound, "account.not-found")
		if list := o.call(http.MethodGet, "/users", "", admin...).want(http.StatusOK); strings.Contains(list.text, id) {
			t.Errorf("the erased are listed: %s", list.text)
		}
		if _, err := o.pool.Exec(t.Context(), `DELETE FROM accounts WHERE user_id = $1`, id); err != nil {
			t.Fatal(err)
		}
		if _, err := o.pool.Exec(t.Context(), `DELETE FROM profiles WHERE user_id = $1`, id); err != nil {
			t.Fatal(err)
		}
	}
	bio := "more"
	personal := domain.NewPersonal(bio)
	for name, do := range map[string]func() error{
		"a profile": func() error {
			_, err := o.commands.UpdateProfile(t.Context(), r, user, profile.Patch{Bio: &personal})
			return err
		},
		"another": func() error { return o.commands.CreateProfile(t.Context(), r, account.UserCreated{UserID: user}) },
		"a mail": func() error {
			_, err := o.commands.ResendVerification(t.Context(), r, "ada.canary@example.org")
			return err
		},
		"the events": func() error { _, _, err := o.commands.Created(t.Context(), user); return err },
	} {
		if err := do(); err != nil {
			if kind := kindOf(err); kind != domain.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func kindOf(err error) domain.Kind {
	for err != nil {
		if rule, ok := err.(*domain.Error); ok { //nolint:errorlint // every layer is looked at
			return rule.Kind
		}
		switch wrapped := err.(type) { //nolint:errorlint // every layer is looked at
		case interface{ Unwrap() error }:
			err = wrapped.Unwrap()
		case interface{ Unwrap() []error }:
			err = wrapped.Unwrap()[0]
		default:
			return 0
		}
	}
	return 0
}

func TestR13RecycledAddressInheritsNothing(t *testing.T) {
	o := newOffice(t)
	_, admin := o.join("root", roles.Admin)
	old, auth := o.canary()
	if err := o.commands.AssignRole(t.Context(), o.request(), o.parse(old), "editor"); err != nil {
		t.Fatal(err)
	}
	verification := o.mailed(old)
	key := []string{"Idempotency-Key", "sign-up"}
	body := `{"email":"ada.canary@example.org","password":"another horse"}`
	o.call(http.MethodPost, "/users", body).problem(http.StatusConflict, "account.user-already-exists")
	o.call(http.MethodDelete, "/users/"+old, "", admin...).want(http.StatusAccepted)
	o.call(http.MethodPost, "/users", body).problem(http.StatusConflict, "account.user-already-exists") // not before it is done
	o.erase(old)
	o.project()
	created := o.call(http.MethodPost, "/users", body, key...).want(http.StatusCreated)
	id := created.string("id")
	if id == old {
		t.Fatal("the id was used again")
	}
	o.call(http.MethodPost, "/verify-email", `{"token":"`+verification+`"}`).want(http.StatusBadRequest) // of the old account
	o.call(http.MethodPost, "/login", `{"email":"ada.canary@example.org","password":"correct horse"}`).problem(http.StatusUnauthorized, "account.invalid-credentials")
	o.call(http.MethodPost, "/verify-email", `{"token":"`+o.mailed(id)+`"}`).want(http.StatusNoContent)
	fresh := []string{"Authorization", "Bearer " + o.call(http.MethodPost, "/login", body).want(http.StatusOK).string("session_id")}
	o.call(http.MethodGet, "/users/me", "", auth...).problem(http.StatusUnauthorized, "request.unauthenticated")
	o.project()
	o.call(http.MethodGet, "/profile", "", fresh...).problem(http.StatusNotFound, "profile.not-found")
	if list := o.call(http.MethodGet, "/sessions", "", fresh...).want(http.StatusOK); strings.Count(list.text, `"current"`) != 1 {
		t.Errorf("sessions %s", list.text)
	}
	held, err := o.commands.UserRoles(t.Context(), o.parse(id))
	if err != nil || len(held.State.Roles) != 0 {
		t.Errorf("roles %v, %v", held.State.Roles, err)
	}
	// And who makes accounts cannot give the old id away.
	again := `{"email":"other@example.org","password":"another horse","id":"` + old + `"}`
	o.call(http.MethodPost, "/admin/users", again, admin...).problem(http.StatusConflict, "account.id-used")
}

func TestASignUpRepeatedAfterTheErasureClaimsNothing(t *testing.T) {
	o := newOffice(t)
	_, admin := o.join("root", roles.Admin)
	key := []string{"Idempotency-Key", "k"}
	id := o.call(http.MethodPost, "/users", signUpBody("ann"), key...).want(http.StatusCreated).string("id")
	o.call(http.MethodDelete, "/users/"+id, "", admin...).want(http.StatusAccepted)
	o.erase(id)
	o.call(http.MethodPost, "/users", signUpBody("ann"), key...).want(http.StatusCreated) // as it was answered then
	if again := o.call(http.MethodPost, "/users", signUpBody("ann")).want(http.StatusCreated).string("id"); again == id {
		t.Error("the address leads to the erased account")
	}
}

func TestErasuresAreFoundByWhatNobodyGuesses(t *testing.T) {
	o := newOffice(t)
	o.join("root", roles.Admin)
	id, auth := o.join("ann")
	status := o.call(http.MethodDelete, "/users/me", `{"password":"`+secretOf("ann")+`"}`, auth...).want(http.StatusAccepted).string("status_url")
	erasureID := o.state(id).ErasureID
	for _, guess := range []string{
		erasureID.String(), id, "x", strings.TrimPrefix(status, "/erasures/")[1:],
		o.tokens.Issue("verify-email", o.parse(id), erasureID), o.tokens.Issue("erasure", o.parse(id), domain.ID{}), o.tokens.Issue("erasure", erasureID, o.parse(id)),
	} {
		if got := o.call(http.MethodGet, "/erasures/"+guess, ""); got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", guess, got.status, got.text)
		}
	}
	if got := o.call(http.MethodGet, status, "").want(http.StatusOK); strings.Contains(got.text, id) || strings.Contains(got.text, "ann") {
		t.Errorf("the answer tells whose it is: %s", got.text)
	}
}
