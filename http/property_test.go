package http_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/roles"
	amhttp "am-user-management/http"
	"am-user-management/internal/eventstore"
)

// TestR19NoRequestBreaksTheService makes requests of the contract itself, right ones and wrong ones, and sends them as
// nobody, a user, an administrator and a service. Whatever is sent: nothing fails with a 5xx but what says that it is
// about to be so, and every answer is one that the contract announces. A failure prints the seed to repeat it with.
func TestR19NoRequestBreaksTheService(t *testing.T) {
	h := newHouseWithChanges(t, impatient)
	h.queueTables()
	h.seeded()
	f := &prober{house: h, documents: map[amhttp.Listener]published{}}
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		f.documents[listener] = h.published(listener)
		for _, path := range slices.Sorted(maps.Keys(f.documents[listener].paths)) {
			for _, method := range slices.Sorted(maps.Keys(f.documents[listener].paths[path])) {
				f.targets = append(f.targets, target{listener, strings.ToUpper(method), path})
			}
		}
	}
	// The log of a request that failed says why.
	defer func() {
		for line := range strings.Lines(h.logged.String()) {
			if t.Failed() && strings.Contains(line, `"level":"ERROR"`) {
				t.Log(line)
			}
		}
	}()
	rapid.Check(t, func(rt *rapid.T) {
		f.rt = rt
		f.refresh()
		for range 12 { // a hundred times, unless -rapid.checks says otherwise
			f.probe()
		}
	})
}

type target struct {
	listener amhttp.Listener
	method   string
	path     string
}

// prober sends requests that rapid draws.
type prober struct {
	*house
	rt        *rapid.T
	documents map[amhttp.Listener]published
	targets   []target
	user      someone
	root      someone
	sent      int
	tokens    []string
	projected int
}

// someone is somebody with a session.
type someone struct{ id, email, bearer string }

const probePassword = "correct horse battery"

// refresh gives the prober a user and an administrator with sessions that hold: the requests before may have ended them.
func (f *prober) refresh() {
	if f.ask("/users/me", f.user.bearer) != http.StatusOK {
		f.user = f.newAccount("user")
	}
	if f.ask("/projections", f.root.bearer) != http.StatusOK {
		f.root = f.newAccount("root")
		id, err := domain.ParseID(f.root.id)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := f.commands.AssignRole(f.t.Context(), operator(), id, roles.Admin); err != nil {
			f.t.Fatal(err)
		}
	}
	f.projectFrom(f.projected)
	f.projected = len(f.log.Log())
}

func operator() commands.Request {
	return commands.Request{CommandID: uuid.New(), Fingerprint: "probe", Actor: eventstore.Actor{ID: "probe", Kind: eventstore.Operator}}
}

func (f *prober) ask(path, bearer string) int {
	return f.call(http.MethodGet, path, "", "Authorization", bearer).status
}

func (f *prober) newAccount(name string) someone {
	f.sent++
	address := fmt.Sprintf("%s%d@example.org", name, f.sent)
	outcome, err := f.commands.Register(f.t.Context(), operator(), commands.Registration{
		Email: address, EmailNormal: address, Password: probePassword, Verified: true,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	id := outcome.State.UserID.String()
	f.onboarded(id)
	r := f.request(http.MethodPost, "/login", []byte(`{"email":"`+address+`","password":"`+probePassword+`"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	f.server.Public().ServeHTTP(w, r)
	session := answer{f.t, w.Code, w.Header(), w.Body.String()}.want(http.StatusOK).string("session_id")
	return someone{id, address, "Bearer " + session}
}

// request comes from an address of its own, so that no limit of addresses ends the test.
func (f *prober) request(method, path string, body []byte) *http.Request {
	f.sent++
	r, err := http.NewRequestWithContext(f.t.Context(), method, path, bytes.NewReader(body))
	if err != nil {
		f.rt.Fatal(err)
	}
	r.RequestURI, r.Host = r.URL.RequestURI(), "example.com"
	r.RemoteAddr = fmt.Sprintf("[2001:db8:%x:%x::1]:1234", f.sent>>16&0xffff, f.sent&0xffff)
	return r
}

func (f *prober) probe() {
	at := rapid.SampledFrom(f.targets).Draw(f.rt, "target")
	op := f.documents[at.listener].paths[at.path][strings.ToLower(at.method)]
	var body []byte
	kind := "application/json"
	if content, has := op.RequestBody.Content["application/json"]; has {
		body = f.body(at, content.Schema)
	} else if content, has := op.RequestBody.Content["application/x-ndjson"]; has {
		for range rapid.IntRange(1, 3).Draw(f.rt, "rows") {
			body = append(append(body, f.body(at, map[string]any{"$ref": content.Schema["x-line"]})...), '\n')
		}
		kind = "application/x-ndjson"
	} else if f.one(20) {
		body = []byte(`{"a":1}`)
	}
	method := at.method
	switch {
	case method == http.MethodGet && f.one(10):
		method = http.MethodHead
	case f.one(25):
		method = rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FANCY"}).Draw(f.rt, "method")
	}
	r := f.request(method, f.address(at, op), body)
	f.headers(r, kind, len(body) > 0)
	w := httptest.NewRecorder()
	f.listener(at.listener).ServeHTTP(w, r)
	f.judge(at, r, body, w.Result())
}

// one is true once in n times.
func (f *prober) one(n int) bool { return rapid.IntRange(1, n).Draw(f.rt, "dice") == 1 }

// address fills in the parameters of a path.
func (f *prober) address(at target, op operation) string {
	path, query := at.path, url.Values{}
	for _, p := range op.Parameters {
		switch p.In {
		case "path":
			value := fmt.Sprint(p.Example)
			if f.one(2) {
				value = f.text(p.Schema)
			}
			if value == "" || value == "." || value == ".." {
				value = "x"
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case "query":
			switch rapid.IntRange(0, 3).Draw(f.rt, "query") {
			case 0:
				value, _ := f.value(at, p.Schema, 0).(string)
				if value == "" {
					value = fmt.Sprint(f.value(at, p.Schema, 0))
				}
				query.Set(p.Name, value)
			case 1:
				query[p.Name] = rapid.SliceOfN(rapid.SampledFrom(junk), 1, 2).Draw(f.rt, p.Name)
			}
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if f.one(40) {
		path += rapid.SampledFrom([]string{"/", "/../x", "?%zz", "?a=b;c", "?a=b", "/%00", "/%2f", "//"}).Draw(f.rt, "suffix")
	}
	return path
}

// junk is text that has broken services.
var junk = []string{
	"", " ", "0", "-1", "1e999", "99999999999999999999", "null", "true", "*", "%", "'", `"`, `\`, "../../etc/passwd", "<script>",
	"' OR 1=1 --", "\x00", "\xff\xfe", "\u202eabc", "\ufeff", "\U0001F600", "\u0130", "ß", "a\r\nX-Evil: 1", strings.Repeat("a", 300),
	strings.Repeat("é", 200), "00000000-0000-0000-0000-000000000000", "6F1F9D3C-7D1C-4F6C-9D58-0F5F8F0E7B11", "{}", "[]", "A" + strings.Repeat("A", 42),
}

func (f *prober) headers(r *http.Request, kind string, hasBody bool) {
	set := func(name string, values ...string) {
		if value := rapid.SampledFrom(values).Draw(f.rt, name); value != "" {
			r.Header[name] = []string{value}
		}
	}
	own := func(good string) []string { return append([]string{"", good, good}, junk...) }
	set("Authorization", f.user.bearer, f.root.bearer, f.root.bearer, "Bearer "+serviceKey, "", "Bearer x", "Basic YTpi", "Bearer "+strings.Repeat("A", 43))
	if hasBody && !f.one(20) {
		r.Header["Content-Type"] = []string{kind}
	} else if hasBody {
		set("Content-Type", "", "text/plain", "application/xml", "application/json; charset=latin1", "application/json;;", "multipart/form-data")
	}
	if f.one(3) {
		set("Idempotency-Key", own("key-"+fmt.Sprint(rapid.IntRange(1, 50).Draw(f.rt, "key")))...)
	}
	if f.one(4) {
		set("If-Match", own(`"`+fmt.Sprint(rapid.IntRange(0, 3).Draw(f.rt, "revision"))+`"`)...)
	}
	if f.one(4) {
		set("Consistency-Token", append(own(""), f.tokens...)...)
		set("Prefer", own("wait=1")...)
	}
	if f.one(6) {
		set("X-Request-Id", junk...)
		set("Traceparent", junk...)
		set("User-Agent", junk...)
		set("X-Forwarded-For", junk...)
	}
	if f.one(30) {
		set("Content-Encoding", "gzip", "br", "identity")
	}
	if f.one(20) {
		r.Header["Authorization"] = append(r.Header["Authorization"], "Bearer second")
	}
}

// body is one that the schema allows, and that is damaged in one time of three.
func (f *prober) body(at target, schema map[string]any) []byte {
	value := f.value(at, schema, 0)
	if f.one(2) {
		value = f.spoil(value)
	}
	text, err := json.Marshal(value)
	if err != nil {
		f.rt.Fatal(err)
	}
	if !f.one(6) {
		return text
	}
	switch rapid.IntRange(0, 7).Draw(f.rt, "damage") {
	case 0:
		return text[:rapid.IntRange(0, len(text)).Draw(f.rt, "cut")]
	case 1:
		return append(text, text...)
	case 2:
		return []byte(strings.Repeat("[", 5000))
	case 3:
		return []byte(`{"a":` + strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 41))
	case 4:
		return bytes.ReplaceAll(text, []byte("a"), []byte("\xff"))
	case 5:
		return bytes.ReplaceAll(text, []byte(`":"`), []byte(`":"\ud800`))
	case 6:
		return append([]byte(`{"email":"x","email":"y",`), text[min(1, len(text)):]...)
	}
	return []byte(rapid.SampledFrom(append([]string{strings.Repeat(" ", 70_000)}, junk...)).Draw(f.rt, "raw"))
}

// spoil replaces one member by something of another kind, or adds one.
func (f *prober) spoil(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	names := append(slices.Sorted(maps.Keys(object)), "unknown", "id", "role", "ſ")
	name := rapid.SampledFrom(names).Draw(f.rt, "spoilt")
	if f.one(4) {
		delete(object, name)
		return object
	}
	object[name] = rapid.SampledFrom([]any{
		nil, true, 0, -1, math.MaxInt64, 1e300, 0.1,
		[]any{},
		map[string]any{},
		[]any{nil, 1, "a"},
		map[string]any{"": map[string]any{"\x00": 1}},
		junk[rapid.IntRange(0, len(junk)-1).Draw(f.rt, "junk")], strings.Repeat("x", 2000), strings.Repeat("\u00e9", 20_000),
	}).Draw(f.rt, "value")
	return object
}

// value is one that a schema allows, or nearly.
func (f *prober) value(at target, schema map[string]any, depth int) any {
	if ref, ok := schema["$ref"].(string); ok {
		return f.value(at, f.documents[at.listener].schemas[ref[strings.LastIndexByte(ref, '/')+1:]], depth+1)
	}
	kind, _ := schema["type"].(string)
	if kinds, ok := schema["type"].([]any); ok {
		if f.one(4) {
			return nil
		}
		kind, _ = kinds[0].(string)
	}
	if choices, ok := schema["enum"].([]any); ok {
		return rapid.SampledFrom(choices).Draw(f.rt, "choice")
	}
	switch kind {
	case "object":
		object := map[string]any{}
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if slices.Contains(required, any(name)) || f.one(2) {
				property, _ := properties[name].(map[string]any)
				object[name] = f.known(name, f.value(at, property, depth+1))
			}
		}
		if len(properties) == 0 {
			for i := range rapid.IntRange(0, 3).Draw(f.rt, "members") {
				object[fmt.Sprint("m", i)] = rapid.SampledFrom([]any{nil, 1, "text", []any{1}, map[string]any{"x": nil}}).Draw(f.rt, "member")
			}
		}
		return object
	case "array":
		items, _ := schema["items"].(map[string]any)
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(f.rt, "items") {
			list = append(list, f.value(at, items, depth+1))
		}
		return list
	case "integer", "number":
		return rapid.SampledFrom([]any{0, 1, 2, 50, 200, 201, -1, 1 << 40, math.MaxInt64}).Draw(f.rt, "number")
	case "boolean":
		return rapid.Bool().Draw(f.rt, "bool")
	}
	return f.text(schema)
}

// known gives some fields a value that leads somewhere.
func (f *prober) known(name string, value any) any {
	if f.one(2) {
		return value
	}
	switch name {
	case "email":
		return rapid.SampledFrom([]string{f.user.email, f.root.email, fmt.Sprintf("new%d@example.org", f.sent), "nobody@example.org"}).Draw(f.rt, "email")
	case "password", "current_password", "new_password":
		return probePassword
	case "user_id", "id":
		return rapid.SampledFrom([]string{f.user.id, f.root.id, anID}).Draw(f.rt, "id")
	case "token":
		return f.mailedToken()
	case "event_id":
		return haltedEvent.String()
	case "plan_id":
		return rapid.SampledFrom([]string{"free", "basic", "pro", "enterprise"}).Draw(f.rt, "plan")
	case "role":
		return rapid.SampledFrom([]string{"viewer", "editor", "admin", "auditor"}).Draw(f.rt, "role")
	}
	return value
}

// mailedToken is one of the right kind, for a request that was made or not.
func (f *prober) mailedToken() string {
	user, err := domain.ParseID(f.user.id)
	if err != nil {
		f.rt.Fatal(err)
	}
	purpose := rapid.SampledFrom([]string{amhttp.VerifyEmailToken, amhttp.ResetPasswordToken}).Draw(f.rt, "purpose")
	request := domain.ID{15: 1}
	outcome, err := f.commands.Account(f.t.Context(), user)
	if err == nil && purpose == amhttp.VerifyEmailToken && len(outcome.State.Requests) > 0 {
		request = outcome.State.Requests[0].ID
	}
	if err == nil && purpose == amhttp.ResetPasswordToken && len(outcome.State.Resets) > 0 {
		request = outcome.State.Resets[0].ID
	}
	return f.house.tokens.Issue(purpose, user, request)
}

func (f *prober) text(schema map[string]any) string {
	examples, _ := schema["examples"].([]any)
	switch rapid.IntRange(0, 3).Draw(f.rt, "text") {
	case 0:
		if len(examples) > 0 {
			return fmt.Sprint(examples[0])
		}
	case 1:
		return rapid.SampledFrom(junk).Draw(f.rt, "junk")
	case 2:
		most := 300
		if limit, ok := schema["maxLength"].(float64); ok {
			most = int(limit) + 1
		}
		return rapid.StringN(0, most, 4*most).Draw(f.rt, "string")
	}
	if schema["format"] == "uuid" {
		return rapid.SampledFrom([]string{f.user.id, f.root.id, anID, "not-a-uuid"}).Draw(f.rt, "uuid")
	}
	return rapid.StringMatching(`[a-z0-9:._-]{1,20}`).Draw(f.rt, "word")
}

// judge checks an answer against the contract.
func (f *prober) judge(at target, r *http.Request, body []byte, response *http.Response) {
	text, err := io.ReadAll(response.Body)
	if err != nil {
		f.rt.Fatal(err)
	}
	fail := func(format string, values ...any) {
		f.rt.Helper()
		f.rt.Fatalf("%s\n%s %s\n%v\n%.2000q\nanswered %d %v\n%s", fmt.Sprintf(format, values...), r.Method, r.RequestURI, r.Header, body,
			response.StatusCode, response.Header, text)
	}
	if token := response.Header.Get("Consistency-Token"); token != "" && len(f.tokens) < 20 {
		f.tokens = append(f.tokens, token)
	}
	kind := response.Header.Get("Content-Type")
	behind := response.StatusCode == http.StatusServiceUnavailable && bytes.Contains(text, []byte("/problems/projection.behind"))
	if response.StatusCode >= 500 && !behind {
		fail("the service failed")
	}
	if response.Header.Get("X-Request-Id") == "" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
		fail("the answer is not secured")
	}
	if response.StatusCode >= 400 {
		var p struct {
			Type, Title, Instance string
			Status                int
		}
		if err := json.Unmarshal(text, &p); err != nil || kind != "application/problem+json" || !strings.HasPrefix(p.Type, "/problems/") ||
			p.Title == "" || p.Status != response.StatusCode || p.Instance != response.Header.Get("X-Request-Id") {
			fail("not a whole problem")
		}
	}
	document := f.documents[at.listener]
	if r.Method != at.method || at.path == "/openapi.json" {
		return // not in the contract, but for HEAD, which has no body to check; and the contract itself is free JSON
	}
	if response.StatusCode == http.StatusNotFound && bytes.Contains(text, []byte("/problems/request.not-found")) {
		return // the parameters made it another path
	}
	if r.URL.Path != "" && !sameShape(at.path, r.URL.EscapedPath()) {
		return
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	item := document.model.Paths.PathItems.GetOrZero(at.path)
	if ok, faults := document.validator.GetResponseBodyValidator().ValidateResponseBodyWithPathItem(r, response, item, at.path); !ok {
		fail("the answer is not in the contract: %s", reasons(faults))
	}
}

// sameShape reports whether a path has as many segments as its template.
func sameShape(template, path string) bool {
	return strings.Count(template, "/") == strings.Count(path, "/") && !strings.HasSuffix(path, "/")
}
