package projections

import (
	"slices"
	"strings"
	"time"

	"am-user-management/domain/access"
	"am-user-management/internal/eventstore"
)

type accessRow struct {
	mark
	UserID uuid
	Grants []grant
}

// grant is one role that a user holds, sorted by its name among the others. One that expired stays until it is
// revoked: queries compare it with their clock.
type grant struct {
	Role       string     `json:"role"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	AssignedAt time.Time  `json:"assigned_at"`
}

// newAccess projects access streams: one row per user who ever held a role.
func newAccess() *table[uuid, accessRow, *accessRow] {
	return byStream("access", types(access.Events), accessKey, foldAccess,
		plain("user_id", "uuid", func(r *accessRow) *uuid { return &r.UserID }),
		document("grants", func(r *accessRow) *[]grant { return &r.Grants }),
	)
}

func accessKey(e *eventstore.Envelope) (uuid, bool) {
	switch e := e.Event.(type) {
	case access.RoleAssigned:
		return uuid(e.UserID), true
	case access.RoleRevoked:
		return uuid(e.UserID), true
	}
	return uuid{}, false
}

func foldAccess(r *accessRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case access.RoleAssigned:
		r.UserID = uuid(e.UserID)
		g := grant{Role: readable(e.Role), ExpiresAt: e.ExpiresAt, Reason: readable(e.Reason), AssignedAt: e.At}
		if i, held := r.find(g.Role); held {
			r.Grants[i] = g
		} else {
			r.Grants = slices.Insert(r.Grants, i, g)
		}
	case access.RoleRevoked:
		r.UserID = uuid(e.UserID)
		if i, held := r.find(readable(e.Role)); held {
			r.Grants = slices.Delete(r.Grants, i, i+1)
		}
	}
	if r.Grants == nil {
		r.Grants = []grant{}
	}
}

// find is where the role stands, or would stand.
func (r *accessRow) find(role string) (int, bool) {
	return slices.BinarySearchFunc(r.Grants, role, func(g grant, role string) int { return strings.Compare(g.Role, role) })
}
