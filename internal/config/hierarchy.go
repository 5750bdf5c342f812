package config

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// Hierarchy says which roles a role contains, directly.
type Hierarchy map[string][]string

var errHierarchy = errors.New(`must be JSON like {"admin":["editor"],"editor":["viewer"]}`)

// UnmarshalText reads the JSON object.
func (h *Hierarchy) UnmarshalText(text []byte) error {
	var parsed map[string][]string
	if err := json.Unmarshal(text, &parsed); err != nil {
		return errHierarchy
	}
	*h = parsed
	return nil
}

// Names is every role that the hierarchy mentions, sorted.
func (h Hierarchy) Names() []string {
	names := slices.Collect(maps.Keys(h))
	for _, contained := range h {
		names = append(names, contained...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fault is what is wrong with the hierarchy as a whole, "" if nothing is.
func (h Hierarchy) fault() string {
	for _, name := range h.Names() {
		if !isName(name) {
			return "role names are of a-z, 0-9, - and _"
		}
	}
	for _, name := range h.Names() {
		if h.reaches(name, name, map[string]bool{}) {
			return "role " + name + " contains itself"
		}
	}
	return ""
}

// reaches reports whether from contains target, at any depth.
func (h Hierarchy) reaches(from, target string, seen map[string]bool) bool {
	for _, contained := range h[from] {
		if contained == target {
			return true
		}
		if !seen[contained] {
			seen[contained] = true
			if h.reaches(contained, target, seen) {
				return true
			}
		}
	}
	return false
}
