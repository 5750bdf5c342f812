package projections

import (
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
)

type roleRow struct {
	mark
	Name        string
	Permissions []string
	Inherits    []string
	BuiltIn     bool
}

// newRoles projects role streams: one row per role that was defined.
func newRoles() *table[string, roleRow, *roleRow] {
	return byStream("roles", types(roles.Events), roleKey, foldRole,
		plain("name", "text", func(r *roleRow) *string { return &r.Name }),
		list("permissions", func(r *roleRow) *[]string { return &r.Permissions }),
		list("inherits", func(r *roleRow) *[]string { return &r.Inherits }),
		plain("built_in", "boolean", func(r *roleRow) *bool { return &r.BuiltIn }),
	)
}

func roleKey(e *eventstore.Envelope) (string, bool) {
	switch e := e.Event.(type) {
	case roles.RoleDefined:
		return readable(e.Name), true
	}
	return "", false
}

func foldRole(r *roleRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case roles.RoleDefined:
		r.Name, r.BuiltIn = readable(e.Name), e.BuiltIn
		r.Permissions, r.Inherits = readableAll(e.Permissions), readableAll(e.Inherits)
	}
}
