package http

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// about is the beginning of the document: what holds for every route.
const about = `Accounts, profiles, subscriptions and roles, kept as events.

- A write answers a ` + "`Consistency-Token`" + ` and, where one resource changed, its ` + "`ETag`" + `. A read that sends the token sees the write; ` +
	"`Prefer: wait=5`" + ` says how long it may wait for that.
- A write that sends an ` + "`Idempotency-Key`" + ` can be sent again, after whatever time: the same request gets the answer it had, another one under the same key is refused.
- Every error is a problem (RFC 9457); its ` + "`type`" + ` is for programs, ` + "`instance`" + ` is the id of the request in the log.
- HEAD works wherever GET does.
- Times are RFC 3339 in UTC, ids are UUIDs, text is UTF-8. Unknown fields are refused in requests; answers may get new ones.
- Unknown parameters of a query are refused by name (400), and so is one that is given twice; only pages, probes and metrics overlook what they do not know.`

// contract is what a listener offers, as OpenAPI 3.1. It is made of the same list of routes as the listener is, and of
// the types that its bodies are decoded into and encoded from, so that the two cannot disagree.
func contract(listener Listener, routes []Route) (*huma.OpenAPI, error) {
	d := newSchemas()
	api := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "am-user-management: " + string(listener) + " API", Version: "1", Description: about},
		Servers: []*huma.Server{{URL: "/", Description: "This listener"}},
		Tags:    tagsOf(listener, routes),
		Components: &huma.Components{
			Schemas: d.registry, Parameters: knownHeaders(), Headers: answerHeaders(),
			SecuritySchemes: map[string]*huma.SecurityScheme{},
		},
	}
	for _, route := range routes {
		if route.Listener != listener {
			continue
		}
		api.AddOperation(d.operation(route))
		switch route.Auth {
		case Session:
			api.Components.SecuritySchemes[string(Session)] = &huma.SecurityScheme{
				Type: "http", Scheme: "bearer", Description: "The session_id of a login.",
			}
		case ServiceKey:
			api.Components.SecuritySchemes[string(ServiceKey)] = &huma.SecurityScheme{
				Type: "http", Scheme: "bearer", Description: "The key of a service, one of INTERNAL_API_KEYS.",
			}
		case Anonymous:
		}
	}
	return api, d.finish()
}

func tagsOf(listener Listener, routes []Route) []*huma.Tag {
	texts := map[Module]string{
		Core: "The service itself", Account: "Accounts and sessions", Profile: "Profiles",
		Subscription: "Plans and subscriptions", Roles: "Roles and permissions",
	}
	var tags []*huma.Tag
	seen := make(map[Module]bool)
	for _, route := range routes {
		if route.Listener == listener && !seen[route.Module] {
			seen[route.Module] = true
			tags = append(tags, &huma.Tag{Name: string(route.Module), Description: texts[route.Module]})
		}
	}
	return tags
}

// operation is one route.
func (d *schemas) operation(route Route) *huma.Operation {
	path, parameters := pathParameters(route.Path)
	for _, parameter := range route.Query {
		parameters = append(parameters, d.queryParameter(route, parameter))
	}
	op := &huma.Operation{
		Method: route.Method, Path: path, OperationID: operationID(route), Tags: []string{string(route.Module)},
		Summary: route.Summary, Parameters: append(parameters, requestHeaders(route)...),
		Security:  []map[string][]string{},
		Responses: map[string]*huma.Response{strconv.Itoa(route.Status): d.success(route)},
	}
	if route.Auth != Anonymous {
		op.Security = append(op.Security, map[string][]string{string(route.Auth): {}})
	}
	if route.Permission != "" {
		op.Description = "Needs the permission `" + route.Permission + "`."
		op.Extensions = map[string]any{"x-permission": route.Permission}
	}
	switch {
	case route.Lines:
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/x-ndjson": d.lines(route.Body)}}
	case route.Body != nil:
		op.RequestBody = &huma.RequestBody{Required: !route.BodyOptional, Content: map[string]*huma.MediaType{"application/json": d.body(route.Body)}}
	}
	for status, response := range d.problems(route) {
		if _, taken := op.Responses[status]; !taken {
			op.Responses[status] = response
		}
	}
	if route.Otherwise != 0 {
		op.Responses[strconv.Itoa(route.Otherwise)].Content["application/json"] = d.answer(route.Answer)
	}
	return op
}

// operationID names an operation for generated clients: get_users_me. It is unique, as method and path are.
func operationID(route Route) string {
	words := strings.FieldsFunc(route.Path, func(r rune) bool { return strings.ContainsRune("/:-.*", r) })
	return strings.ToLower(route.Method) + "_" + strings.Join(words, "_")
}

// pathParameters spells a path as OpenAPI does.
func pathParameters(path string) (string, []*huma.Param) {
	segments := strings.Split(path, "/")
	var parameters []*huma.Param
	for i, segment := range segments {
		name, found := strings.CutPrefix(segment, ":")
		if !found {
			continue
		}
		segments[i] = "{" + name + "}"
		parameter := &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
		lookUp(segments[i-1], name).describe(parameter)
		parameters = append(parameters, parameter)
	}
	return strings.Join(segments, "/"), parameters
}

func (d *schemas) queryParameter(route Route, p Parameter) *huma.Param {
	parameter := &huma.Param{Name: p.Name, In: "query", Schema: d.registry.Schema(reflect.TypeOf(p.Kind), false, p.Name)}
	lookUp(strings.Split(route.Path, "/")[1], p.Name).describe(parameter) // what the list is of
	parameter.Description = p.About
	parameter.Schema.Nullable = false // a query has no null, which lists are given for JSON
	return parameter
}

// writes reports whether a route changes something, and so takes an Idempotency-Key.
func (r Route) writes() bool { return r.Method != http.MethodGet && r.Reads == "" && !r.Asks }

// requestHeaders are those that a route looks at, but for the credentials.
func requestHeaders(route Route) []*huma.Param {
	names := []string{"X-Request-Id", "Traceparent"}
	if route.writes() {
		names = append(names, "Idempotency-Key")
	}
	if route.IfMatch {
		names = append(names, "If-Match")
	}
	if route.Reads != "" {
		names = append(names, "Consistency-Token", "Prefer")
	}
	headers := make([]*huma.Param, len(names))
	for i, name := range names {
		headers[i] = &huma.Param{Ref: "#/components/parameters/" + name}
	}
	return headers
}

// knownHeaders are all those of requestHeaders.
func knownHeaders() map[string]*huma.Param {
	headers := make(map[string]*huma.Param)
	for _, name := range []string{"X-Request-Id", "Traceparent", "Idempotency-Key", "If-Match", "Consistency-Token", "Prefer"} {
		header := &huma.Param{Name: name, In: "header", Schema: &huma.Schema{Type: huma.TypeString}}
		lookUp("request", name).describe(header)
		headers[name] = header
	}
	return headers
}

// answerHeaders are those that answers carry.
func answerHeaders() map[string]*huma.Param {
	headers := make(map[string]*huma.Param)
	for _, name := range []string{
		"X-Request-Id", "ETag", "Consistency-Token", "Projection-Position", "Preference-Applied", "Location", "Retry-After",
		"WWW-Authenticate", "Allow",
	} {
		header := &huma.Param{Schema: &huma.Schema{Type: huma.TypeString}}
		lookUp("answer", name).describe(header)
		headers[name] = header
	}
	return headers
}

func answering(names ...string) map[string]*huma.Param {
	headers := make(map[string]*huma.Param, len(names)+1)
	for _, name := range append(names, "X-Request-Id") {
		headers[name] = &huma.Param{Ref: "#/components/headers/" + name}
	}
	return headers
}

// success is the answer of a route when all goes well.
func (d *schemas) success(route Route) *huma.Response {
	var names []string
	switch {
	case route.writes():
		names = append(names, "Consistency-Token", "ETag")
	case route.Reads != "":
		names = append(names, "Projection-Position", "Preference-Applied", "ETag")
	}
	if route.Status == http.StatusCreated || route.Status == http.StatusAccepted && route.Answer != nil {
		names = append(names, "Location")
	}
	response := &huma.Response{Description: http.StatusText(route.Status), Headers: answering(names...)}
	switch {
	case route.Answer != nil:
		response.Content = map[string]*huma.MediaType{"application/json": d.answer(route.Answer)}
	case route.Media != "":
		response.Content = map[string]*huma.MediaType{route.Media: {Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	return response
}
