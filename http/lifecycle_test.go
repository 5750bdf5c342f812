package http_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/roles"
	amhttp "am-user-management/http"
	"am-user-management/internal/eventstore"
)

// office is a house with roles, and people who hold them.
type office struct{ *house }

func newOffice(t *testing.T, change ...func(*amhttp.Deps)) office {
	t.Helper()
	h := newHouse(t, change...)
	definitions := append(roles.BuiltIn(map[string][]string{roles.Admin: {roles.Editor}, roles.Editor: {roles.Viewer}}),
		roles.Define{Name: "clerk", Permissions: []string{"user:create", "user:manage", "user:erase", "user:read"}})
	if err := h.commands.Seed(t.Context(), definitions, nil); err != nil {
		t.Fatal(err)
	}
	return office{h}
}

// join makes an account for somebody, with roles, and returns its id and what they show after a login.
func (o office) join(name string, held ...string) (id string, auth []string) {
	o.t.Helper()
	id = o.call(http.MethodPost, "/users", signUpBody(name)).want(http.StatusCreated).string("id")
	o.call(http.MethodPost, "/verify-email", `{"token":"`+o.mailed(id)+`"}`).want(http.StatusNoContent)
	for _, role := range held {
		if err := o.commands.AssignRole(o.t.Context(), o.request(), o.parse(id), role); err != nil {
			o.t.Fatal(err)
		}
	}
	return id, o.enter(name)
}

func signUpBody(name string) string {
	return `{"email":"` + name + `@example.org","password":"` + secretOf(name) + `"}`
}

func secretOf(name string) string { return "the secret of " + name }

func (o office) enter(name string) []string {
	o.t.Helper()
	return []string{"Authorization", "Bearer " + o.call(http.MethodPost, "/login", signUpBody(name)).want(http.StatusOK).string("session_id")}
}

func (o office) request() commands.Request {
	return commands.Request{CommandID: uuid.New(), Fingerprint: "f"}
}

func (o office) parse(id string) domain.ID {
	o.t.Helper()
	parsed, err := domain.ParseID(id)
	if err != nil {
		o.t.Fatal(err)
	}
	return parsed
}

// state is an account as its events tell it.
func (o office) state(id string) account.State {
	o.t.Helper()
	outcome, err := o.commands.Account(o.t.Context(), o.parse(id))
	if err != nil {
		o.t.Fatal(err)
	}
	return outcome.State
}

// happens adds an event to a stream, and shows it in the tables.
func (o office) happens(stream string, event domain.Event) {
	o.t.Helper()
	history, err := o.log.Load(o.t.Context(), stream, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	draft := eventstore.Draft{ID: uuid.New(), Event: event, Meta: eventstore.Metadata{CommandID: uuid.New()}}
	if _, _, err := o.log.Append(o.t.Context(), stream, eventstore.Expected(len(history)-1), []eventstore.Draft{draft}); err != nil {
		o.t.Fatal(err)
	}
	o.project()
}

// changeToken is the token of the newest mail about another address.
func (o office) changeToken(id string) string {
	o.t.Helper()
	changes := o.state(id).Changes
	return o.tokens.Issue(amhttp.ChangeEmailToken, o.parse(id), changes[len(changes)-1].ID)
}

func (o office) wish(name, address string, auth []string) answer {
	o.t.Helper()
	return o.call(http.MethodPost, "/users/me/email", `{"new_email":"`+address+`","password":"`+secretOf(name)+`"}`, auth...)
}

func TestR10AnAddressChangesOnceItsOwnerProvesIt(t *testing.T) {
	o := newOffice(t)
	id, auth := o.join("ann")
	asked := o.wish("ann", "Ann.New@Example.org", auth).want(http.StatusAccepted)
	if asked.text != "" || asked.header.Get("Etag") != `"3"` || asked.header.Get("Consistency-Token") == "" {
		t.Errorf("answer %q, %v", asked.text, asked.header)
	}
	if me := o.call(http.MethodGet, "/users/me", "", auth...).want(http.StatusOK); me.string("email") != "ann@example.org" {
		t.Errorf("before the proof: %s", me.text)
	}
	o.enter("ann")
	token := o.changeToken(id)
	o.call(http.MethodGet, "/verify-email?token="+token, "").want(http.StatusOK) // changes nothing
	if o.state(id).Email.Text() != "ann@example.org" {
		t.Error("opening the page changed the address")
	}
	o.call(http.MethodPost, "/verify-email", `{"token":"`+token+`"}`).want(http.StatusNoContent)
	o.call(http.MethodPost, "/verify-email", `{"token":"`+token+`"}`).problem(http.StatusBadRequest, "account.token-used")
	o.call(http.MethodPost, "/login", signUpBody("ann")).problem(http.StatusUnauthorized, "account.invalid-credentials")
	o.call(http.MethodPost, "/login", `{"email":"ann.new@example.org","password":"`+secretOf("ann")+`"}`).want(http.StatusOK)
	if me := o.call(http.MethodGet, "/users/me", "", auth...).want(http.StatusOK); me.string("email") != "Ann.New@example.org" {
		t.Errorf("after the proof: %s", me.text)
	}
}

func TestR10AChangeAsksForThePasswordAndTellsNothing(t *testing.T) {
	o := newOffice(t)
	_, auth := o.join("ann")
	_, ben := o.join("ben")
	o.call(http.MethodPost, "/users/me/email", `{"new_email":"x@example.org","password":"not it at all"}`, auth...).problem(http.StatusUnauthorized, "account.invalid-credentials")
	o.call(http.MethodPost, "/users/me/email", `{"new_email":"x","password":""}`, auth...).field("new_email").field("password")
	o.call(http.MethodPost, "/users/me/email", `{"new_email":"x@example.org","password":"not it at all"}`).problem(http.StatusUnauthorized, "request.unauthenticated")
	free := o.wish("ann", "free@example.org", append(auth, "X-Request-Id", "r")).want(http.StatusAccepted)
	taken := o.wish("ben", "ANN@example.org", append(ben, "X-Request-Id", "r")).want(http.StatusAccepted)
	free.header.Del("Consistency-Token") // of two requests these differ, whatever they are about
	taken.header.Del("Consistency-Token")
	for name := range free.header {
		if free.header.Get(name) != taken.header.Get(name) {
			t.Errorf("%s tells whether the address is taken: %q, %q", name, free.header.Get(name), taken.header.Get(name))
		}
	}
	if free.text != taken.text || len(free.header) != len(taken.header) {
		t.Errorf("the answers differ: %v %q, %v %q", free.header, free.text, taken.header, taken.text)
	}
}

// The token of one purpose is nothing for the other, and that of one account nothing for another.
func TestR10ATokenIsForOneChangeOfOneAccount(t *testing.T) {
	o := newOffice(t)
	ann, auth := o.join("ann")
	ben, _ := o.join("ben")
	o.wish("ann", "new@example.org", auth).want(http.StatusAccepted)
	changes := o.state(ann).Changes
	for name, token := range map[string]string{
		"as a verification": o.tokens.Issue(amhttp.VerifyEmailToken, o.parse(ann), changes[0].ID),
		"of another":        o.tokens.Issue(amhttp.ChangeEmailToken, o.parse(ben), changes[0].ID),
		"of another change": o.tokens.Issue(amhttp.ChangeEmailToken, o.parse(ann), o.state(ben).Requests[0].ID),
	} {
		if got := o.call(http.MethodPost, "/verify-email", `{"token":"`+token+`"}`); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	if o.state(ann).Email.Text() != "ann@example.org" {
		t.Error("the address was changed")
	}
}

// S44: two spellings of one address are one, and no other Unicode text is folded into it.
func TestR10SpellingsOfAnAddress(t *testing.T) {
	o := newOffice(t)
	ann, auth := o.join("ann")
	o.join("ben")
	o.wish("ann", "ANN@EXAMPLE.ORG", auth).want(http.StatusAccepted)
	if changes := o.state(ann).Changes; len(changes) != 0 {
		t.Errorf("the address it has is wished for: %d changes", len(changes))
	}
	for _, same := range []string{"BEN@EXAMPLE.ORG", "ben@example.org\u200b", "Ben@\uff45xample.org"} {
		o.pass(time.Minute)
		o.wish("ann", same, auth).want(http.StatusAccepted)
		o.call(http.MethodPost, "/verify-email", `{"token":"`+o.changeToken(ann)+`"}`).problem(http.StatusConflict, "account.user-already-exists")
	}
	for _, odd := range []string{"b\u0435n@example.org", `be\u0000n@example.org`, "\u202enb@example.org", "ben\uff20example.org"} {
		o.wish("ann", odd, auth).want(http.StatusBadRequest)
	}
	if got := o.state(o.idOf("ben")).Email.Text(); got != "ben@example.org" {
		t.Errorf("ben's address is %q", got)
	}
	o.enter("ben")
}

func (o office) idOf(name string) string {
	o.t.Helper()
	return o.call(http.MethodPost, "/login", signUpBody(name)).want(http.StatusOK).string("user_id")
}

func TestAnAdministratorMakesAccounts(t *testing.T) {
	o := newOffice(t)
	_, admin := o.join("root", roles.Admin)
	create := func(body string, headers ...string) answer {
		return o.call(http.MethodPost, "/admin/users", body, append(admin, headers...)...)
	}
	body := func(name, more string) string {
		return `{"email":"` + name + `@example.org","password":"` + secretOf(name) + `"` + more + `}`
	}
	given := "7b0b1f3e-5d1a-4f6e-9a53-0c6c1f1a2b3c"
	active := create(body("act", `,"status":"ACTIVE","roles":["editor","auditor"],"id":"`+given+`","first_name":"Ann"`)).want(http.StatusCreated)
	if active.string("id") != given || active.string("status") != "ACTIVE" || active.header.Get("Location") != "/users/"+given || active.header.Get("Etag") != `"1"` {
		t.Errorf("created %s, %v", active.text, active.header)
	}
	if state := o.state(given); state.VerifiedAt.IsZero() || len(state.Requests) != 0 {
		t.Errorf("an active account is neither proven nor spared the mail: %v", state)
	}
	held, err := o.commands.UserRoles(t.Context(), o.parse(given))
	if got := held.State.RolesAt(o.now()); err != nil || strings.Join(got, " ") != "auditor editor" {
		t.Errorf("roles %v, %v", got, err)
	}
	o.enter("act")

	pending := create(body("pen", `,"status":"PENDING_VERIFICATION"`)).want(http.StatusCreated)
	if pending.string("status") != "PENDING_VERIFICATION" || len(o.state(pending.string("id")).Requests) != 1 {
		t.Errorf("created %s", pending.text)
	}
	if plain := create(body("plain", "")).want(http.StatusCreated); plain.string("status") != "PENDING_VERIFICATION" {
		t.Errorf("created %s", plain.text)
	}
	inactive := create(body("off", `,"status":"INACTIVE"`)).want(http.StatusCreated).string("id")
	o.call(http.MethodPost, "/login", signUpBody("off")).problem(http.StatusForbidden, "account.inactive")
	o.call(http.MethodPost, "/users/"+inactive+"/reactivate", "", admin...).want(http.StatusOK)
	o.enter("off")

	events := len(o.log.Log())
	create(body("act", "")).problem(http.StatusConflict, "account.user-already-exists")
	create(body("other", `,"id":"`+given+`"`)).problem(http.StatusConflict, "account.id-used")
	create(body("other", `,"id":"7"`)).field("id")
	create(body("other", `,"id":"00000000-0000-0000-0000-000000000000"`)).field("id")
	create(body("other", `,"status":"ERASED"`)).field("status")
	create(body("other", `,"roles":["emperor"]`)).problem(http.StatusNotFound, "roles.not-found")
	create(`{"email":"other@example.org"}`).field("password")
	create(body("other", `,"is_admin":true`)).field("is_admin")
	if len(o.log.Log()) != events {
		t.Error("a refusal wrote something")
	}
	key := []string{"Idempotency-Key", "once"}
	first := create(body("twice", `,"roles":["editor"]`), key...).want(http.StatusCreated)
	events = len(o.log.Log())
	if again := create(body("twice", `,"roles":["editor"]`), key...).want(http.StatusCreated); again.text != first.text || len(o.log.Log()) != events {
		t.Errorf("again: %s, %s", again.text, first.text)
	}
}

func TestR13WhoMakesAccountsGivesNoMoreThanTheyHave(t *testing.T) {
	o := newOffice(t)
	o.join("root", roles.Admin)
	_, clerk := o.join("clerk", "clerk")
	_, nobody := o.join("nobody")
	body := func(role string) string {
		return `{"email":"new@example.org","password":"long enough","roles":["` + role + `"]}`
	}
	o.call(http.MethodPost, "/admin/users", body("viewer"), nobody...).problem(http.StatusForbidden, "roles.permission-denied")
	events := len(o.log.Log())
	o.call(http.MethodPost, "/admin/users", body("admin"), clerk...).problem(http.StatusForbidden, "roles.permission-denied")
	if len(o.log.Log()) != events {
		t.Error("the refused account was made")
	}
	o.call(http.MethodPost, "/admin/users", body("clerk"), clerk...).want(http.StatusCreated)
}

func TestAnAccountIsDeactivatedAtOnceAndReactivated(t *testing.T) {
	o := newOffice(t)
	_, admin := o.join("root", roles.Admin)
	ann, auth := o.join("ann")
	o.wish("ann", "new@example.org", auth).want(http.StatusAccepted)
	token := o.changeToken(ann)
	path := "/users/" + ann
	off := o.call(http.MethodPost, path+"/deactivate", `{"reason":"left"}`, admin...).want(http.StatusOK)
	if off.string("status") != "INACTIVE" || off.header.Get("Etag") != `"4"` || off.header.Get("Consistency-Token") == "" {
		t.Errorf("deactivated: %s, %v", off.text, off.header)
	}
	// No projector has run since: it holds on every instance.
	o.call(http.MethodGet, "/users/me", "", auth...).problem(http.StatusUnauthorized, "request.unauthenticated")
	o.call(http.MethodPost, "/login", signUpBody("ann")).problem(http.StatusForbidden, "account.inactive")
	o.call(http.MethodPost, "/verify-email", `{"token":"`+token+`"}`).problem(http.StatusBadRequest, "account.token-used")
	again := o.call(http.MethodPost, path+"/deactivate", "", admin...).want(http.StatusOK)
	if again.header.Get("Etag") != `"4"` {
		t.Errorf("twice: %v", again.header)
	}
	o.call(http.MethodPost, path+"/reactivate", "", append(admin, "If-Match", `"3"`)...).problem(http.StatusPreconditionFailed, "request.precondition-failed")
	on := o.call(http.MethodPost, path+"/reactivate", `{}`, append(admin, "If-Match", `"4"`)...).want(http.StatusOK)
	if on.string("status") != "ACTIVE" || on.header.Get("Etag") != `"5"` {
		t.Errorf("reactivated: %s, %v", on.text, on.header)
	}
	o.call(http.MethodGet, "/users/me", "", auth...).problem(http.StatusUnauthorized, "request.unauthenticated") // sessions stay over
	o.enter("ann")
	for _, event := range o.log.Log() {
		if event.Type == (account.AccountDeactivated{}).EventType() && !strings.Contains(string(event.Metadata), `"reason":"left"`) {
			t.Errorf("the reason is missing: %s", event.Metadata)
		}
	}
	for _, what := range []string{"deactivate", "reactivate", "unlock"} {
		o.call(http.MethodPost, "/users/"+uuid.NewString()+"/"+what, "", admin...).problem(http.StatusNotFound, "account.not-found")
		o.call(http.MethodPost, "/users/x/"+what, "", admin...).field("id")
		o.call(http.MethodPost, path+"/"+what, `{"reason":"`+strings.Repeat("x", 501)+`"}`, admin...).field("reason")
		o.call(http.MethodPost, path+"/"+what, "", o.enter("ann")...).problem(http.StatusForbidden, "roles.permission-denied")
	}
}

func TestOneKeyDeactivatesOneAccount(t *testing.T) {
	o := newOffice(t)
	_, admin := o.join("root", roles.Admin)
	ann, _ := o.join("ann")
	ben, _ := o.join("ben")
	key := append(admin, "Idempotency-Key", "k")
	o.call(http.MethodPost, "/users/"+ann+"/deactivate", "", key...).want(http.StatusOK)
	o.call(http.MethodPost, "/users/"+ann+"/deactivate", "", key...).want(http.StatusOK)
	o.call(http.MethodPost, "/users/"+ben+"/deactivate", "", key...).problem(http.StatusUnprocessableEntity, "request.idempotency-key-reused")
}

func TestR13NobodyManagesWhoMayDoMore(t *testing.T) {
	o := newOffice(t)
	root, _ := o.join("root", roles.Admin)
	peer, _ := o.join("peer", "clerk")
	_, clerk := o.join("clerk", "clerk")
	for _, what := range []string{"/deactivate", "/reactivate", "/unlock", ""} {
		method := http.MethodPost
		if what == "" {
			method = http.MethodDelete
		}
		o.call(method, "/users/"+root+what, "", clerk...).problem(http.StatusForbidden, "roles.permission-denied")
	}
	o.call(http.MethodPost, "/users/"+peer+"/deactivate", "", clerk...).want(http.StatusOK)
}

func TestR13TheLastAdministratorKeepsTheirAccount(t *testing.T) {
	o := newOffice(t)
	root, admin := o.join("root", roles.Admin)
	o.call(http.MethodPost, "/users/"+root+"/deactivate", "", admin...).problem(http.StatusConflict, "roles.last-admin")
	o.call(http.MethodDelete, "/users/"+root, "", admin...).problem(http.StatusConflict, "roles.last-admin")
	o.call(http.MethodDelete, "/users/me", `{"password":"`+secretOf("root")+`"}`, admin...).problem(http.StatusConflict, "roles.last-admin")
	second, other := o.join("second", roles.Admin)
	o.call(http.MethodPost, "/users/"+root+"/deactivate", "", other...).want(http.StatusOK)
	o.call(http.MethodPost, "/users/"+second+"/deactivate", "", other...).problem(http.StatusConflict, "roles.last-admin")
	o.call(http.MethodPost, "/users/"+root+"/reactivate", "", other...).want(http.StatusOK)
	o.call(http.MethodPost, "/users/"+second+"/deactivate", "", other...).want(http.StatusOK) // root counts again
}

func TestALockIsShownWhileItLasts(t *testing.T) {
	o := newOffice(t)
	_, admin := o.join("root", roles.Admin)
	ann, auth := o.join("ann")
	lock := func() {
		o.happens(account.StreamOf(o.parse(ann)), account.AccountLocked{UserID: o.parse(ann), Until: o.now().Add(time.Hour), At: o.now()})
	}
	lock()
	until := o.now().Add(time.Hour).Format(time.RFC3339)
	if me := o.call(http.MethodGet, "/users/me", "", auth...).want(http.StatusOK); me.json("locked_until") != until {
		t.Errorf("locked: %s", me.text)
	}
	unlocked := o.call(http.MethodPost, "/users/"+ann+"/unlock", `{"reason":"it was me"}`, admin...).want(http.StatusOK)
	if unlocked.json("locked_until") != nil {
		t.Errorf("unlocked: %s", unlocked.text)
	}
	lock()
	if view := o.call(http.MethodGet, "/users/"+ann, "", admin...).want(http.StatusOK); view.json("locked_until") != until {
		t.Errorf("locked, as the administrator sees it: %s", view.text)
	}
	o.pass(time.Hour)
	if view := o.call(http.MethodGet, "/users/"+ann, "", admin...).want(http.StatusOK); view.json("locked_until") != nil {
		t.Errorf("after the lock, as the administrator sees it: %s", view.text)
	}
	if me := o.call(http.MethodGet, "/users/me", "", auth...).want(http.StatusOK); me.json("locked_until") != nil {
		t.Errorf("after the lock: %s", me.text)
	}
}
