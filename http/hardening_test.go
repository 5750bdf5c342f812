package http_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	amhttp "am-user-management/http"
)

// withBody calls what is given for every route that takes a body: how to send one to it, and the contract's example.
func (h *house) withBody(each func(name string, send func(body string, headers ...string) answer, example map[string]any)) {
	h.t.Helper()
	root := h.admin()
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		document := h.published(listener)
		for _, route := range h.server.Routes() {
			if route.Listener != listener || route.Body == nil || route.Lines {
				continue
			}
			path := route.Path
			op := document.paths[spelled(route.Path)][strings.ToLower(route.Method)]
			for _, p := range op.Parameters {
				if p.In == "path" {
					path = strings.ReplaceAll(path, ":"+p.Name, fmt.Sprint(p.Example))
				}
			}
			credential := root
			if route.Auth == amhttp.ServiceKey {
				credential = "Bearer " + serviceKey
			}
			var example map[string]any
			if err := json.Unmarshal(op.RequestBody.Content["application/json"].Example, &example); err != nil {
				h.t.Fatal(route.Path, err)
			}
			each(route.Method+" "+route.Path, func(body string, headers ...string) answer {
				h.t.Helper()
				return h.send(h.listener(listener), route.Method, path, body, append(headers, "Authorization", credential)...)
			}, example)
		}
	}
}

func text(value any) string {
	encoded, _ := json.Marshal(value)
	return string(encoded)
}

// TestR14JSONIsReadStrictly is S59, for every route that takes a body.
func TestR14JSONIsReadStrictly(t *testing.T) {
	h := newHouse(t).seeded()
	h.withBody(func(name string, send func(string, ...string) answer, example map[string]any) {
		good := strings.TrimSuffix(text(example), "}")
		for i, field := range slices.Sorted(maps.Keys(example)) {
			quoted := text(example[field])
			bodies := map[string]string{
				"twice":           good + `,"` + field + `":` + quoted + `}`,
				"in capitals":     good + `,"` + strings.ToUpper(field) + `":` + quoted + `}`,
				"with a dash":     good + `,"` + strings.ReplaceAll(field, "_", "-") + `x":` + quoted + `}`,
				"with a long s":   good + `,"` + strings.ReplaceAll(field, "s", "ſ") + `ſ":` + quoted + `}`,
				"with a Kelvin":   good + `,"` + strings.ReplaceAll(field, "k", "\u212a") + "\u212a" + `":` + quoted + `}`,
				"of another kind": `{"` + field + `":[[{}]]}`,
			}
			if i == 0 {
				maps.Copy(bodies, map[string]string{
					"unknown":       good + `,"unknown":1}`,
					"trailing":      good + `} {}`,
					"trailing text": good + `} x`,
					"a list":        `[` + good + `}]`,
					"null":          `null`,
					"a text":        `"x"`,
					"not JSON":      `{` + field + `:1}`,
					"nothing":       " ",
					"too deep":      `{"` + field + `":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`,
				})
			}
			for what, body := range bodies {
				if got := send(body); got.status != http.StatusBadRequest || !strings.Contains(got.text, `"/problems/request.invalid"`) {
					t.Errorf("%s, %s %s: %d %s", name, field, what, got.status, got.text)
				}
			}
		}
	})
}

// TestR14WhatIsDocumentedAsRequiredIs keeps the contract honest about which fields may be left out.
func TestR14WhatIsDocumentedAsRequiredIs(t *testing.T) {
	h := newHouse(t).seeded()
	document := h.published(amhttp.Public)
	h.withBody(func(name string, send func(string, ...string) answer, example map[string]any) {
		method, path, _ := strings.Cut(name, " ")
		op := document.paths[spelled(path)][strings.ToLower(method)]
		ref, _ := op.RequestBody.Content["application/json"].Schema["$ref"].(string)
		required, _ := document.schemas[ref[strings.LastIndexByte(ref, '/')+1:]]["required"].([]any)
		for _, field := range required {
			without := maps.Clone(example)
			delete(without, fmt.Sprint(field))
			if got := send(text(without)); got.status < 400 || got.status >= 500 {
				t.Errorf("%s without %s: %d %s", name, field, got.status, got.text)
			}
		}
	})
}

// TestR14NobodyAssignsWhatTheyMayNot is S58.
func TestR14NobodyAssignsWhatTheyMayNot(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	for _, field := range []string{"status", "roles", "id", "verified_at", "user_id", "is_admin", "password_hash"} {
		h.call(http.MethodPost, "/users", `{"email":"x@example.org","password":"correct horse","`+field+`":"ACTIVE"}`).field(field)
	}
	for _, field := range []string{"user_id", "updated_at", "email", "status", "id"} {
		h.call(http.MethodPatch, "/profile", `{"bio":"x","`+field+`":"`+anID+`"}`, "Authorization", bearer).field(field)
	}
}

// TestR14ThePathSaysWhatIsMeant is S57: no other place of a request names what the path names.
func TestR14ThePathSaysWhatIsMeant(t *testing.T) {
	h := newHouse(t)
	id := h.verified()
	h.onboarded(id)
	path := "/internal/v1/users/" + id
	headers := []string{"Authorization", "Bearer " + serviceKey, "X-Id", anID}
	if got := h.send(h.server.Internal(), http.MethodGet, path, `{"id":"`+anID+`"}`, headers...).want(http.StatusOK); got.string("id") != id {
		t.Errorf("got %s", got.text)
	}
	for _, name := range []string{"id", "user_id"} {
		h.send(h.server.Internal(), http.MethodGet, path+"?"+name+"="+anID, "", headers...).field(name)
	}
	h.call(http.MethodGet, "/users/me?id="+anID, "", "Authorization", h.login()).field("id")
}

// TestR2TextIsStrict is S7 and S73, for every field of text: bad Unicode is refused before anything is decided.
func TestR2TextIsStrict(t *testing.T) {
	h := newHouse(t).seeded()
	h.withBody(func(name string, send func(string, ...string) answer, example map[string]any) {
		for field, value := range example {
			if _, isText := value.(string); !isText {
				continue
			}
			for what, bad := range map[string]string{
				"a NUL": `a\u0000b`, "a raw NUL": "a\x00b", "half a surrogate pair": `a\ud800b`, "the other half": `a\udc00b`,
				"invalid UTF-8": "a\xffb", "an overlong form": "a\xc0\x80b", "a raw surrogate": "a\xed\xa0\x80b",
			} {
				with := map[string]any{}
				for other, value := range example {
					with[other] = value
				}
				with[field] = "MARK"
				body := strings.Replace(text(with), "MARK", bad, 1)
				if got := send(body); got.status != http.StatusBadRequest {
					t.Errorf("%s, %s with %s: %d %s", name, field, what, got.status, got.text)
				}
			}
		}
	})
	if h.log.Log(); strings.Contains(h.logged.String(), `"status":500`) {
		t.Error("something failed")
	}
}

// TestR17FieldsOfPeopleAreJudged is S70 to S73, through the public surface.
func TestR17FieldsOfPeopleAreJudged(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	signUp := func(field, value string) answer {
		t.Helper()
		fields := map[string]string{"email": "eve@example.org", "password": "correct horse"}
		fields[field] = value
		return h.call(http.MethodPost, "/users", text(fields))
	}
	patch := func(field, value string) answer {
		t.Helper()
		return h.call(http.MethodPatch, "/profile", text(map[string]string{field: value}), "Authorization", bearer)
	}
	for _, value := range []string{
		strings.Repeat("a", 65) + "@example.org", "a@" + strings.Repeat("b", 250) + ".org", "mi\u212ae@example.org", "a@localhost",
		"a@127.0.0.1", "\"a b\"@example.org", "a@exam\u202eple.org", "a@example.org\r\nBcc: b@example.org",
	} {
		signUp("email", value).field("email")
	}
	for _, value := range []string{"015112345678", "+0123456", "+49 151 12345678", "+4915112345678x", "+٤٩١٥١١٢٣٤٥٦٧٨", "+9991234567890"} {
		signUp("phone_number", value).field("phone_number")
	}
	for _, field := range []string{"first_name", "last_name"} {
		for _, value := range []string{" ", "\u00a0\u2003", "\u200b\u200d", "\u3164", "a\u202eb", "a\nb", "\u0007", strings.Repeat("é", 101)} {
			signUp(field, value).field(field)
			patch(field, value).field(field)
		}
		for _, value := range []string{"É", "O’Neil", "李", "Ada Lovelace", "d'Arc", "🙂", strings.Repeat("é", 100)} {
			patch(field, value).want(http.StatusOK)
		}
	}
	for _, value := range []string{"e", "english", "en_GB", "en-", "-en", "en--GB", "en-waytoolong", "12", "é-FR", strings.Repeat("en-", 20) + "en"} {
		if value != "english" { // a language of 5 to 8 letters may be registered one day
			patch("locale", value).field("locale")
		}
	}
	for _, value := range []string{"en", "pt-BR", "zh-Hant-TW", "sl-rozaj-biske-1994", "de-CH-1901", "x1"[:0]} {
		patch("locale", value).want(http.StatusOK)
	}
	for _, value := range []string{
		"http://img.example.org/a.png", "https://u:p@img.example.org/a.png", "https://u@img.example.org/a.png", "//img.example.org/a.png",
		"javascript:alert(1)//a.png", "data:image/png;base64,AAAA", "https:///a.png", "https://img.example.org/a.exe", "https://img.example.org/a b.png",
		"https://img.example.org\\@evil.example/a.png", "ftp://img.example.org/a.png", "https://img.example.org/" + strings.Repeat("a", 2048) + ".png",
	} {
		patch("picture_url", value).field("picture_url")
	}
	patch("picture_url", "https://img.example.org/a.PNG?size=2").want(http.StatusOK)
	for _, value := range []string{"a\u0000", "\u001b[31m", "\u202e", strings.Repeat("é", 501)} {
		patch("bio", value).field("bio")
	}
	patch("bio", "two\nlines\tand a tab, <b>kept</b> as they are").want(http.StatusOK)
	if got := h.call(http.MethodGet, "/profile", "", "Authorization", bearer).string("bio"); got != "two\nlines\tand a tab, <b>kept</b> as they are" {
		t.Errorf("bio %q", got)
	}
}

// TestR17CursorsAreOurs is S75.
func TestR17CursorsAreOurs(t *testing.T) {
	h := newHouse(t).seeded()
	root := h.admin()
	h.login2(3)
	good, _ := h.call(http.MethodGet, "/jobs?limit=1", "", "Authorization", root).want(http.StatusOK).json("next_cursor").(string)
	for _, path := range []string{"/sessions", "/jobs"} {
		for _, cursor := range []string{"", "x", "AAAA", strings.Repeat("A", 27), strings.Repeat("A", 48), "%00", good + "A", "..", "1", good[:len(good)-1] + "_"} {
			if cursor == good {
				continue
			}
			h.call(http.MethodGet, path+"?cursor="+cursor, "", "Authorization", root).field("cursor")
		}
		for _, limit := range []string{"0", "-1", "201", "1e3", "1.0", " 1", "99999999999999999999", "a"} {
			h.call(http.MethodGet, path+"?limit="+strings.ReplaceAll(limit, " ", "%20"), "", "Authorization", root).field("limit")
		}
	}
	h.call(http.MethodGet, "/sessions?cursor="+good, "", "Authorization", root).field("cursor") // a cursor of another list
}

// login2 starts some sessions.
func (h *house) login2(n int) {
	h.t.Helper()
	for range n {
		h.call(http.MethodPost, "/login", `{"email":"`+adminEmail+`","password":"`+adminPassword+`"}`).want(http.StatusOK)
	}
}

// listening is a listener as the service has it, and its address.
func (h *house) listening(handler http.Handler) string {
	h.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	server := amhttp.NewListener(handler, slog.New(slog.DiscardHandler))
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	h.t.Cleanup(func() { _ = server.Close(); <-done })
	return listener.Addr().String()
}

// TestR19HeadIsGetWithoutABody is half of S78.
func TestR19HeadIsGetWithoutABody(t *testing.T) {
	h := newHouse(t).seeded()
	h.queueTables()
	h.project()
	root := h.admin()
	addresses := map[amhttp.Listener]string{
		amhttp.Public: h.listening(h.server.Public()), amhttp.Internal: h.listening(h.server.Internal()),
	}
	send := func(route amhttp.Route, method string) (*http.Response, string) {
		t.Helper()
		path := strings.NewReplacer(":id", anID, ":name", "profiles", ":role", "viewer").Replace(route.Path)
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addresses[route.Listener]+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", root)
		if route.Auth == amhttp.ServiceKey {
			r.Header.Set("Authorization", "Bearer "+serviceKey)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(method, route.Path, err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(body)
	}
	for _, route := range h.server.Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		get, _ := send(route, http.MethodGet)
		head, body := send(route, http.MethodHead)
		if head.StatusCode != get.StatusCode || body != "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") ||
			head.Header.Get("Etag") != get.Header.Get("Etag") {
			t.Errorf("HEAD %s: %d %v, GET: %d %v", route.Path, head.StatusCode, head.Header, get.StatusCode, get.Header)
		}
	}
}

// TestR19SafeMethodsChangeNothing is the other half of S78: whatever the path, GET, HEAD and OPTIONS leave the log as it
// is, OPTIONS tells what the path takes, and TRACE is refused.
func TestR19SafeMethodsChangeNothing(t *testing.T) {
	h := newHouse(t).seeded()
	root := h.admin()
	before := len(h.log.Log())
	for _, route := range h.server.Routes() {
		path := strings.NewReplacer(":id", anID, ":name", "profiles", ":role", "viewer").Replace(route.Path)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			h.send(h.listener(route.Listener), method, path, "", "Authorization", root)
			h.send(h.listener(route.Listener), method, path+"?token=x", "", "Authorization", root)
		}
		options := h.send(h.listener(route.Listener), http.MethodOptions, path, "", "Authorization", root).want(http.StatusNoContent)
		if allow := options.header.Get("Allow"); !strings.Contains(allow, route.Method) || !strings.Contains(allow, "OPTIONS") || strings.Contains(allow, "TRACE") {
			t.Errorf("OPTIONS %s: Allow %q", path, allow)
		}
		for _, method := range []string{http.MethodTrace, "CONNECT", "FANCY", "get"} {
			got := h.send(h.listener(route.Listener), method, path, "", "Authorization", root).problem(http.StatusMethodNotAllowed, "request.method-not-allowed")
			if strings.Contains(got.text, root[7:]) || got.header.Get("Allow") == "" {
				t.Errorf("%s %s: %v %s", method, path, got.header, got.text)
			}
		}
	}
	h.call(http.MethodOptions, "/nowhere", "").problem(http.StatusNotFound, "request.not-found")
	if after := len(h.log.Log()); after != before {
		t.Errorf("%d events were written", after-before)
	}
}

// TestR19BodiesAreBounded is S76 and S77, for every route that takes a body.
func TestR19BodiesAreBounded(t *testing.T) {
	h := newHouse(t).seeded()
	h.withBody(func(name string, send func(string, ...string) answer, example map[string]any) {
		good := text(example)
		send(good+strings.Repeat(" ", 64<<10)).problem(http.StatusRequestEntityTooLarge, "request.too-large")
		for _, kind := range []string{"text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "*/*"} {
			send(good, "Content-Type", kind).problem(http.StatusUnsupportedMediaType, "request.unsupported-media-type")
		}
		send(good, "Content-Encoding", "gzip").problem(http.StatusUnsupportedMediaType, "request.unsupported-media-type")
		send(`{"a":`+strings.Repeat(`[`, 33)+strings.Repeat(`]`, 33)+`}`).problem(http.StatusBadRequest, "request.invalid")
	})
}

const app = "https://app.example.com"

// TestR19OnlyNamedOriginsMayCall is S81.
func TestR19OnlyNamedOriginsMayCall(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) { d.AllowedOrigins = []string{app, "https://admin.example.com"} })
	preflight := func(origin string) answer {
		t.Helper()
		return h.call(http.MethodOptions, "/profile", "", "Origin", origin, "Access-Control-Request-Method", "PATCH",
			"Access-Control-Request-Headers", "authorization,x-evil")
	}
	allowed := preflight(app).want(http.StatusNoContent).header
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": app, "Access-Control-Max-Age": "600", "Access-Control-Allow-Credentials": "",
	} {
		if got := allowed.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if methods := allowed.Get("Access-Control-Allow-Methods"); !strings.Contains(methods, "PATCH") || strings.Contains(methods, "DELETE") {
		t.Errorf("methods %q", methods)
	}
	if headers := allowed.Get("Access-Control-Allow-Headers"); !strings.Contains(headers, "Idempotency-Key") || strings.Contains(headers, "evil") {
		t.Errorf("headers %q", headers)
	}
	read := h.call(http.MethodGet, "/plans", "", "Origin", app).want(http.StatusOK).header
	if read.Get("Access-Control-Allow-Origin") != app || !strings.Contains(read.Get("Access-Control-Expose-Headers"), "Consistency-Token") ||
		!strings.Contains(strings.Join(read["Vary"], ","), "Origin") {
		t.Errorf("headers %v", read)
	}
	for _, origin := range []string{
		"https://evil.example.com", "http://app.example.com", "https://app.example.com.evil.org", "https://app.example.com:8443",
		"https://appXexample.com", "null", "*", "https://APP.example.com", app + "/", "https://x.app.example.com", "app.example.com", app + "," + app,
	} {
		for what, got := range map[string]answer{"preflight": preflight(origin), "read": h.call(http.MethodGet, "/plans", "", "Origin", origin)} {
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s of %q: %s: %s", what, origin, name, got.header.Get(name))
				}
			}
		}
	}
	internal := h.send(h.server.Internal(), http.MethodGet, "/healthz", "", "Origin", app).want(http.StatusOK)
	if internal.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the internal listener may be called by scripts")
	}
	h.call(http.MethodOptions, "/nowhere", "", "Origin", app).problem(http.StatusNotFound, "request.not-found")

	h = newHouse(t)
	for _, got := range []answer{h.call(http.MethodOptions, "/profile", "", "Origin", app), h.call(http.MethodGet, "/plans", "", "Origin", app)} {
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("nobody is allowed by default: %v", got.header)
		}
	}
}

// TestR19RequestsAreFramedOnce is S83: what two programs could read as different requests is not read at all.
func TestR19RequestsAreFramedOnce(t *testing.T) {
	h := newHouse(t)
	address := h.listening(h.server.Public())
	const smuggled = "GET /plans HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, raw := range map[string]string{
		"two lengths":              "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 35\r\n\r\n{}" + smuggled,
		"a length that is a list":  "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2, 35\r\n\r\n{}" + smuggled,
		"a signed length":          "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: +2\r\n\r\n{}" + smuggled,
		"an unknown coding":        "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: xchunked\r\n\r\n{}" + smuggled,
		"two codings":              "POST /users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + smuggled,
		"a blank before the colon": "POST /users HTTP/1.1\r\nHost: a\r\nContent-Length : 2\r\n\r\n{}" + smuggled,
		"no host":                  "GET /plans HTTP/1.1\r\n\r\n" + smuggled,
		"two hosts":                "GET /plans HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled,
		"a bad chunk":              "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + smuggled,
	} {
		if statuses := speak(t, address, raw); len(statuses) != 1 || statuses[0] < 400 || statuses[0] >= 600 {
			t.Errorf("%s: answers %v", name, statuses)
		}
	}
	// Length and coding at once: the coding counts, and the connection ends, so that nothing rides behind it.
	both := "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + smuggled
	for _, status := range speak(t, address, both)[:1] {
		if status != http.StatusBadRequest {
			t.Errorf("length and coding: %d", status)
		}
	}
}

// speak sends bytes on a connection of its own and returns the statuses of all answers until it ends.
func speak(t *testing.T, address, raw string) (statuses []int) {
	t.Helper()
	var dialer net.Dialer
	connection, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, raw); err != nil {
		t.Fatal(err)
	}
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(connection)
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		statuses = append(statuses, response.StatusCode)
	}
}

// TestR19ProblemsTellNothing is S82: a cause stays in the log.
func TestR19ProblemsTellNothing(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	if _, err := h.pool.Exec(t.Context(), `ALTER TABLE plans RENAME TO elsewhere`); err != nil {
		t.Fatal(err)
	}
	got := h.call(http.MethodGet, "/plans", "", "Authorization", bearer).problem(http.StatusInternalServerError, "server.internal")
	for _, leak := range []string{"plans", "relation", "SQLSTATE", "pgx", ".go:", "goroutine"} {
		if strings.Contains(got.text, leak) {
			t.Errorf("the answer tells %q: %s", leak, got.text)
		}
	}
	if !strings.Contains(h.logged.String(), "SQLSTATE") {
		t.Error("the log does not tell the cause")
	}
	for _, name := range []string{"Server", "X-Powered-By", "Via"} {
		if got.header.Get(name) != "" {
			t.Errorf("%s: %s", name, got.header.Get(name))
		}
	}
}

// TestR20OperatorsPathsAreOnThePrivateListenerOnly is S90.
func TestR20OperatorsPathsAreOnThePrivateListenerOnly(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/internal/v1/events", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
		h.call(http.MethodGet, path, "").problem(http.StatusNotFound, "request.not-found")
	}
	for _, path := range []string{"/debug/pprof/", "/debug/vars"} {
		h.send(h.server.Internal(), http.MethodGet, path, "").problem(http.StatusNotFound, "request.not-found")
	}
	for range 50 { // what strangers make up must not become labels
		h.call("M"+strings.Repeat("X", 5), "/"+strings.Repeat("y", 9), "", "X-Request-Id", "z")
	}
	exposed := h.send(h.server.Internal(), http.MethodGet, "/metrics", "").want(http.StatusOK).text
	if strings.Contains(exposed, "yyy") || strings.Contains(exposed, "MXX") {
		t.Error("labels are made of requests")
	}
}

// TestR20KeysOfServicesAreComparedWhole is S89: by their hashes, in constant time, and never in part.
func TestR20KeysOfServicesAreComparedWhole(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) {
		d.ServiceKeys = map[string]string{"one": "key-of-service-one", "two": "key-of-service-two", "none": ""}
	})
	for credential, status := range map[string]int{
		"key-of-service-one": http.StatusNotFound, "key-of-service-two": http.StatusNotFound,
		"key-of-service": http.StatusUnauthorized, "key-of-service-onE": http.StatusUnauthorized, "key-of-service-one ": http.StatusUnauthorized,
		"": http.StatusUnauthorized, "one": http.StatusUnauthorized, "key-of-service-onekey-of-service-two": http.StatusUnauthorized,
	} {
		h.send(h.server.Internal(), http.MethodGet, "/internal/v1/users/"+anID, "", "Authorization", "Bearer "+credential).want(status)
	}
}

// TestR19AddressesAreBelievedFromTrustedProxiesOnly is S30 at the listener.
func TestR19AddressesAreBelievedFromTrustedProxiesOnly(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", bytes.NewReader([]byte(`{"email":"ada@example.org","password":"correct horse"}`)))
	r.Header.Set("Content-Type", "application/json")
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Cf-Connecting-Ip", "True-Client-Ip"} {
		r.Header.Set(name, "198.51.100.77")
	}
	w := httptest.NewRecorder()
	h.server.Public().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	if sessions := h.call(http.MethodGet, "/sessions", "", "Authorization", bearer).want(http.StatusOK).text; strings.Contains(sessions, "198.51.100.77") {
		t.Errorf("a forged address was believed: %s", sessions)
	}
}
