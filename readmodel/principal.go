package readmodel

import (
	"context"
	"time"
)

// Principal is a caller with what it may do at the time of the request.
type Principal struct {
	Caller
	Roles       []string // held, sorted; without those inherited
	Permissions []string // of the roles and of all they inherit, "resource:action" with wildcards, sorted, each once
}

// heldAt resolves the roles of user s.user_id, and what they permit, at time $2. It reads the definitions of roles on
// every use instead of caching them, so that a changed role holds at once on every instance. A role that inherits
// itself, however far around, is followed once. Roles are held and inherited by their ids: one that was deleted has none.
const heldAt = ` CROSS JOIN LATERAL (
	WITH RECURSIVE reached (id, held) AS (
		SELECT g.role, true FROM access x, jsonb_to_recordset(x.grants) AS g (role text, expires_at timestamptz)
		WHERE x.user_id = s.user_id AND (g.expires_at IS NULL OR g.expires_at > $2)
		UNION
		SELECT i.id, false FROM reached JOIN roles r ON r.id = reached.id, unnest(r.inherits) AS i (id)
	)
	SELECT coalesce(array_agg(DISTINCT r.name) FILTER (WHERE held), '{}') AS roles,
		coalesce(array_agg(DISTINCT q.permission) FILTER (WHERE q.permission IS NOT NULL), '{}') AS permissions
	FROM reached JOIN roles r ON r.id = reached.id LEFT JOIN unnest(r.permissions) AS q (permission) ON true
) h`

// Principal returns who shows the secret with this SHA-256 hash, with roles and permissions, in one query. It returns
// ErrNoSession and ErrInactive.
func (r *Reader) Principal(ctx context.Context, secretHash []byte, now time.Time) (Principal, error) {
	var row callerRow
	var principal Principal
	caller, err := r.caller(ctx, now, &row, `SELECT `+callerColumns+`, h.roles, h.permissions`+callerTables+heldAt+callerWhere,
		[]any{secretHash, now}, &principal.Roles, &principal.Permissions)
	if err != nil {
		return Principal{}, err
	}
	principal.Caller = caller
	return principal, nil
}
