package readmodel

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Access is which roles a user was given that still are what they were. Its zero value is "none".
type Access struct {
	Grants  []Grant
	Version Version
}

// Grant is one role of a user. It counts until it expires; it is shown until it is revoked.
type Grant struct {
	Role       string     `json:"role"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	AssignedAt time.Time  `json:"assigned_at"`
}

// Standing is what a user may do, with all that it follows from. Its zero value is "nothing".
type Standing struct {
	// Active tells whether there is an account that may be used; what its roles permit counts only then.
	Active bool
	// Held are the roles that are held at the time, by their ids, sorted; Reached are these and all that they inherit.
	Held    []Held
	Reached []Definition
}

// Held is one role that a user holds.
type Held struct {
	ID        string     `json:"id"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// Definition is what a role permits, by ids.
type Definition struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
	Inherits    []string `json:"inherits"`
}

// Standing returns what a user may do at a time, from tables that are applied inline.
func (r *Reader) Standing(ctx context.Context, user uuid.UUID, now time.Time) (Standing, error) {
	var standing Standing
	err := r.row(ctx, `WITH RECURSIVE held AS (
			SELECT g.role AS id, g.expires_at FROM access x, jsonb_to_recordset(x.grants) AS g (role text, expires_at timestamptz)
			WHERE x.user_id = $1 AND (g.expires_at IS NULL OR g.expires_at > $2)
		), reached (id) AS (
			SELECT id FROM held
			UNION
			SELECT i.id FROM reached JOIN roles d ON d.id = reached.id, unnest(d.inherits) AS i (id)
		)
		SELECT EXISTS (SELECT FROM accounts WHERE user_id = $1 AND status = 'ACTIVE'),
			coalesce((SELECT jsonb_agg(held ORDER BY id) FROM held), '[]'),
			coalesce((SELECT jsonb_agg(jsonb_build_object('id', d.id, 'name', d.name, 'permissions', d.permissions, 'inherits', d.inherits))
				FROM reached JOIN roles d ON d.id = reached.id), '[]')`,
		[]any{[16]byte(user), now}, &standing.Active, &standing.Held, &standing.Reached)
	return standing, err
}

// Holders lists the users who were given a role of this id, for a while or for good.
func (r *Reader) Holders(ctx context.Context, id string) ([]uuid.UUID, error) {
	rows, err := r.pool.Query(ctx, `SELECT user_id FROM access WHERE grants @> jsonb_build_array(jsonb_build_object('role', $1::text))`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// HeldAt reports whether the role counts at a time.
func (g Grant) HeldAt(now time.Time) bool { return g.ExpiresAt == nil || now.Before(*g.ExpiresAt) }

// Role is the definition of a role.
type Role struct {
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
	Inherits    []string `json:"inherits"`
	BuiltIn     bool     `json:"built_in"`
	Version     Version  `json:"-"`
}

// Access returns the roles of a user, sorted by name. A user who never had one has the zero Access.
func (r *Reader) Access(ctx context.Context, user uuid.UUID) (Access, error) {
	var access Access
	err := r.row(ctx, `SELECT coalesce((SELECT jsonb_agg(g || jsonb_build_object('role', d.name) ORDER BY d.name)
			FROM jsonb_array_elements(x.grants) AS g JOIN roles d ON d.id = g ->> 'role'), '[]'), x.revision, x.position
		FROM access x WHERE x.user_id = $1`, []any{[16]byte(user)},
		&access.Grants, &access.Version.Revision, &access.Version.Position)
	if errors.Is(err, ErrNotFound) {
		return Access{}, nil
	}
	return access, err
}

// Roles returns the definitions of all roles, sorted by name.
func (r *Reader) Roles(ctx context.Context) ([]Role, error) {
	rows, err := r.pool.Query(ctx, `SELECT name, permissions,
			ARRAY(SELECT i.name FROM unnest(r.inherits) AS u (id) JOIN roles i ON i.id = u.id ORDER BY i.name), built_in, revision, position
		FROM roles r WHERE id IS NOT NULL ORDER BY name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (role Role, err error) {
		err = row.Scan(&role.Name, &role.Permissions, &role.Inherits, &role.BuiltIn, &role.Version.Revision, &role.Version.Position)
		return role, err
	})
}
