package readmodel

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Access is which roles a user was given. Its zero value is "none".
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
	err := r.row(ctx, `SELECT grants, revision, position FROM access WHERE user_id = $1`, []any{[16]byte(user)},
		&access.Grants, &access.Version.Revision, &access.Version.Position)
	if errors.Is(err, ErrNotFound) {
		return Access{}, nil
	}
	return access, err
}

// Roles returns the definitions of all roles, sorted by name.
func (r *Reader) Roles(ctx context.Context) ([]Role, error) {
	rows, err := r.pool.Query(ctx, `SELECT name, permissions, inherits, built_in, revision, position FROM roles ORDER BY name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (role Role, err error) {
		err = row.Scan(&role.Name, &role.Permissions, &role.Inherits, &role.BuiltIn, &role.Version.Revision, &role.Version.Position)
		return role, err
	})
}
