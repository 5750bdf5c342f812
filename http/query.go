package http

import (
	"maps"
	"net/url"
	"slices"
)

// readQuery reads a query, and takes nothing but what the route declares, each parameter as often as that says: a filter
// that is mistyped, given twice or cannot be read must not pass for none.
func readQuery(text string, declared []Parameter) (url.Values, error) {
	if text == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalid("query", "must be well-formed")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) { // sorted: the same request is always refused by the same name
		at := slices.IndexFunc(declared, func(p Parameter) bool { return p.Name == name })
		switch {
		case at < 0:
			return nil, invalid(parameterName(name), "is not a parameter of this request")
		case len(query[name]) > 1 && !declared[at].list():
			return nil, invalid(name, "must be given once")
		}
	}
	return query, nil
}

// parameterName spells a name that is the client's own word as fieldName does. What has no name is the query's fault.
func parameterName(name string) string {
	if name == "" {
		return "query"
	}
	return clean(name, maxFieldName)
}
