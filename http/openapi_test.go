package http_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	validation "github.com/pb33f/libopenapi-validator/errors"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	amhttp "am-user-management/http"
)

// published is the contract as a client gets it, with a validator that knows OpenAPI 3.1.
type published struct {
	validator validator.Validator
	model     *v3.Document
	paths     map[string]map[string]operation
	schemas   map[string]map[string]any
}

// operation is what these tests look at of an operation.
type operation struct {
	Summary     string
	Security    []map[string]any
	Permission  string `json:"x-permission"`
	RequestBody struct {
		Content map[string]media
	}
	Parameters []parameter
	Responses  map[string]struct {
		Description string
		Content     map[string]media
	}
}

type parameter struct {
	Name, In string
	Ref      string `json:"$ref"`
	Schema   map[string]any
	Example  any
}

type media struct {
	Schema   map[string]any
	Example  json.RawMessage
	Examples map[string]struct{ Value json.RawMessage }
}

func (h *house) published(listener amhttp.Listener) published {
	h.t.Helper()
	text := h.send(h.listener(listener), http.MethodGet, "/openapi.json", "").want(http.StatusOK).text
	document, err := libopenapi.NewDocument([]byte(text))
	if err != nil {
		h.t.Fatal(err)
	}
	// Strict: what is not in the document is a fault also where JSON Schema would let it pass.
	checks, faults := validator.NewValidator(document, config.WithFormatAssertions(), config.WithoutSecurityValidation(),
		config.WithStrictMode(), config.WithStrictIgnorePaths("$.body.metadata.**", "$.body.**.data.**"), // these are free
		config.WithStrictIgnoredHeadersExtra("X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy",
			"Strict-Transport-Security", "Allow"))
	if len(faults) > 0 {
		h.t.Fatal(faults)
	}
	if version := document.GetVersion(); version != "3.1.0" {
		h.t.Errorf("OpenAPI %s", version)
	}
	var whole struct {
		Paths      map[string]map[string]operation
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		h.t.Fatal(err)
	}
	model, err := document.BuildV3Model()
	if err != nil {
		h.t.Fatal(err)
	}
	return published{checks, &model.Model, whole.Paths, whole.Components.Schemas}
}

// reasons is what a validator found, for people.
func reasons(faults []*validation.ValidationError) string {
	var text strings.Builder
	for _, fault := range faults {
		fmt.Fprintf(&text, "\n  %s: %s", fault.Message, fault.Reason)
		for _, cause := range fault.SchemaValidationErrors {
			fmt.Fprintf(&text, "\n    %s %s", cause.KeywordLocation, cause.Reason)
		}
	}
	return text.String()
}

func TestOpenAPIIsValid(t *testing.T) {
	h := newHouse(t)
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		if ok, faults := h.published(listener).validator.ValidateDocument(); !ok {
			t.Errorf("%s: %s", listener, reasons(faults))
		}
	}
}

// spelled is a route's path as OpenAPI spells it.
func spelled(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if name, found := strings.CutPrefix(segment, ":"); found {
			segments[i] = "{" + name + "}"
		}
	}
	return strings.Join(segments, "/")
}

func TestOpenAPIListsTheLiveRoutesAndNoOthers(t *testing.T) {
	h := newHouse(t)
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		document, listed := h.published(listener), 0
		for _, operations := range document.paths {
			listed += len(operations)
		}
		live := 0
		for _, route := range h.server.Routes() {
			if route.Listener != listener {
				continue
			}
			live++
			name := route.Method + " " + route.Path
			op, found := document.paths[spelled(route.Path)][strings.ToLower(route.Method)]
			if !found {
				t.Errorf("%s is not in the document", name)
				continue
			}
			if op.Summary != route.Summary || op.Summary == "" || op.Permission != route.Permission {
				t.Errorf("%s: %+v", name, op)
			}
			if wanted := route.Auth != amhttp.Anonymous; wanted != (len(op.Security) == 1) {
				t.Errorf("%s: security %v", name, op.Security)
			}
			if _, found := op.Responses[fmt.Sprint(route.Status)]; !found {
				t.Errorf("%s: no answer %d", name, route.Status)
			}
		}
		if listed != live {
			t.Errorf("%s: %d operations for %d routes", listener, listed, live)
		}
	}
}

func TestOpenAPILeavesOutModulesThatAreOff(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) { d.Modules = []amhttp.Module{amhttp.Account} })
	document := h.published(amhttp.Public)
	if _, found := document.paths["/profile"]; found {
		t.Error("the profile is listed though it is off")
	}
	if _, found := document.schemas["Profile"]; found {
		t.Error("the schema of a profile is there though no route has it")
	}
	if _, found := document.paths["/users/me"]; !found {
		t.Error("accounts are not listed")
	}
}

// TestOpenAPISaysWhatEveryNameMeans: a field, parameter or header without a word in the vocabulary fails here.
func TestOpenAPISaysWhatEveryNameMeans(t *testing.T) {
	h := newHouse(t)
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		document := h.published(listener)
		for name, schema := range document.schemas {
			properties, _ := schema["properties"].(map[string]any)
			for field, property := range properties {
				about, _ := property.(map[string]any)
				if about["description"] == nil && about["$ref"] == nil {
					t.Errorf("words() in openapi_words.go says nothing about %s.%s", name, field)
				}
			}
		}
		for path, operations := range document.paths {
			for method, op := range operations {
				for _, p := range op.Parameters {
					if p.Ref == "" && p.Example == nil {
						t.Errorf("words() in openapi_words.go has no example of %s, %s %s", p.Name, method, path)
					}
				}
			}
		}
	}
}

func TestOpenAPIExamplesAreValid(t *testing.T) {
	h := newHouse(t)
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		document := h.published(listener)
		for path, operations := range document.paths {
			for method, op := range operations {
				request := document.request(t, path, method, op)
				if request.Header.Get("Content-Type") == "application/x-ndjson" {
					continue // the validator reads every body as one value
				}
				if ok, faults := document.validator.ValidateHttpRequestSync(request); !ok {
					t.Errorf("request %s %s: %s", method, path, reasons(faults))
				}
				document.answers(t, request, op)
			}
		}
	}
}

// request is an operation's own example.
func (d published) request(t *testing.T, path, method string, op operation) *http.Request {
	t.Helper()
	query := ""
	for _, p := range op.Parameters {
		switch p.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(p.Example))
		case "query":
			query += "&" + p.Name + "=" + fmt.Sprint(p.Example)
		}
	}
	if rows, has := op.RequestBody.Content["application/x-ndjson"]; has {
		var text string
		if err := json.Unmarshal(rows.Example, &text); err != nil || !strings.HasSuffix(text, "}\n") {
			t.Errorf("%s %s: example %s", method, path, rows.Example)
		}
		request := httptest.NewRequest(strings.ToUpper(method), path, strings.NewReader(text))
		request.Header.Set("Content-Type", "application/x-ndjson")
		return request
	}
	content, has := op.RequestBody.Content["application/json"]
	if has && len(content.Example) == 0 {
		t.Errorf("%s %s: no example of its body", method, path)
	}
	request := httptest.NewRequest(strings.ToUpper(method), path+strings.Replace(query, "&", "?", 1), bytes.NewReader(content.Example))
	if has {
		request.Header.Set("Content-Type", "application/json")
	}
	return request
}

// answers checks the examples of an operation's answers.
func (d published) answers(t *testing.T, request *http.Request, op operation) {
	t.Helper()
	name := request.Method + " " + request.URL.Path
	for status, response := range op.Responses {
		code := 0
		fmt.Sscan(status, &code)
		for kind, content := range response.Content {
			examples := []json.RawMessage{content.Example}
			for _, example := range content.Examples {
				examples = append(examples, example.Value)
			}
			examples = slices.DeleteFunc(examples, func(e json.RawMessage) bool { return len(e) == 0 })
			if strings.HasSuffix(kind, "json") && len(examples) == 0 {
				t.Errorf("%s: no example of %s %s", name, status, kind)
			}
			for _, example := range examples {
				w := httptest.NewRecorder()
				w.Header().Set("Content-Type", kind)
				w.WriteHeader(code)
				w.Write(example)
				if ok, faults := d.validator.ValidateHttpResponse(request, w.Result()); !ok {
					t.Errorf("%s: example of %s: %s %s", name, status, example, reasons(faults))
				}
			}
		}
	}
}

func TestOpenAPICanBeCached(t *testing.T) {
	h := newHouse(t)
	first := h.call(http.MethodGet, "/openapi.json", "").want(http.StatusOK)
	tag := first.header.Get("Etag")
	if first.header.Get("Cache-Control") != "public, max-age=300" || tag == "" {
		t.Errorf("headers %v", first.header)
	}
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if again := h.call(http.MethodGet, "/openapi.json", "", "If-None-Match", known).want(http.StatusNotModified); again.text != "" {
			t.Errorf("%s: %d bytes", known, len(again.text))
		}
	}
	h.call(http.MethodGet, "/openapi.json", "", "If-None-Match", `"other"`).want(http.StatusOK)
	if other := h.send(h.server.Internal(), http.MethodGet, "/openapi.json", "").want(http.StatusOK); strings.Contains(first.text, "/internal/") || other.header.Get("Etag") == tag {
		t.Error("the public document tells of internal routes")
	}
}

func TestDocsLoadNothingFromElsewhere(t *testing.T) {
	h := newHouse(t)
	page := h.call(http.MethodGet, "/docs", "").want(http.StatusOK)
	if policy := page.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") {
		t.Errorf("policy %q", policy)
	}
	if strings.Contains(page.text, "://") || strings.Contains(page.text, "<style") || strings.Contains(page.text, " style=") {
		t.Errorf("page %s", page.text)
	}
	for _, file := range []string{"docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "docs/docs.js", "docs/favicon-32x32.png"} {
		if !strings.Contains(page.text, `"`+file+`"`) {
			t.Errorf("the page does not load %s", file)
		}
		if got := h.call(http.MethodGet, "/"+file, "").want(http.StatusOK); len(got.text) < 100 {
			t.Errorf("%s: %d bytes", file, len(got.text))
		}
	}
	for _, file := range []string{"other.js", "oauth2-redirect.html", "..", "docs.html"} {
		h.call(http.MethodGet, "/docs/"+file, "").problem(http.StatusNotFound, "request.not-found")
	}
}

// TestOpenAPISaysWhichRoutesHeedIfMatch: what is no entity tag is refused by exactly those.
func TestOpenAPISaysWhichRoutesHeedIfMatch(t *testing.T) {
	h := newHouse(t).seeded()
	root := h.admin()
	document := h.published(amhttp.Public)
	for _, route := range h.server.Routes() {
		if route.Listener != amhttp.Public || route.Method == http.MethodGet || route.Lines {
			continue
		}
		op := document.paths[spelled(route.Path)][strings.ToLower(route.Method)]
		request := document.request(t, spelled(route.Path), route.Method, op)
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Fatal(err)
		}
		declares := slices.ContainsFunc(op.Parameters, func(p parameter) bool { return strings.HasSuffix(p.Ref, "/If-Match") })
		got := h.call(route.Method, request.URL.RequestURI(), string(body), "Authorization", root, "If-Match", "junk")
		heeds := got.status == http.StatusBadRequest && strings.Contains(got.text, `"field":"If-Match"`)
		if heeds != declares || declares != route.IfMatch {
			t.Errorf("%s %s: declares it %v, heeds it %v: %d %s", route.Method, route.Path, declares, heeds, got.status, got.text)
		}
		if got.status < 300 { // it may have been the logout
			root = h.admin()
		}
	}
}
