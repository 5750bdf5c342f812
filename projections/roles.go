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
	Life        int64
	ID          *string // nil while no role has the name
}

// newRoles projects role streams: one row per name that a role was ever defined under.
func newRoles() *table[string, roleRow, *roleRow] {
	return byStream("roles", types(roles.Events), roleKey, foldRole,
		plain("name", "text", func(r *roleRow) *string { return &r.Name }),
		list("permissions", func(r *roleRow) *[]string { return &r.Permissions }),
		list("inherits", func(r *roleRow) *[]string { return &r.Inherits }),
		plain("built_in", "boolean", func(r *roleRow) *bool { return &r.BuiltIn }),
		plain("life", "bigint", func(r *roleRow) *int64 { return &r.Life }),
		plain("id", "text", func(r *roleRow) **string { return &r.ID }),
	)
}

func roleKey(e *eventstore.Envelope) (string, bool) {
	switch e := e.Event.(type) {
	case roles.RoleDefined:
		return readable(e.Name), true
	case roles.RoleDeleted:
		return readable(e.Name), true
	}
	return "", false
}

func foldRole(r *roleRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case roles.RoleDefined:
		r.Name, r.BuiltIn = readable(e.Name), e.BuiltIn
		r.Permissions, r.Inherits = readableAll(e.Permissions), readableAll(e.Inherits)
		id := roles.Definition{Name: r.Name, Life: int(r.Life)}.ID()
		r.ID = &id
	case roles.RoleDeleted:
		r.Name, r.BuiltIn, r.ID = readable(e.Name), false, nil
		r.Permissions, r.Inherits = []string{}, []string{}
		r.Life++
	}
}
