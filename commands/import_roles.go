package commands

import (
	"context"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
)

// mayImportRole is nil if the importer holds whatever the role permits. TEMPORARY until MayGrant lands.
func (s *Service) mayImportRole(ctx context.Context, importer eventstore.Actor, role string) error {
	id, err := domain.ParseID(importer.ID)
	if err != nil || importer.Kind != eventstore.User {
		return roles.ErrPermissionDenied
	}
	held, _, err := load[access.State, access.Event](ctx, s, access.StreamOf(id))
	if err != nil {
		return err
	}
	definitions := map[string]roles.Definition{}
	pending := append(held.State.RolesAt(s.now()), role)
	for len(pending) > 0 {
		name := pending[0]
		pending = pending[1:]
		if _, known := definitions[name]; known {
			continue
		}
		found, _, err := load[roles.Definition, roles.Event](ctx, s, roles.StreamOf(name))
		if err != nil {
			return err
		}
		definitions[name] = found.State
		pending = append(pending, found.State.Inherits...)
	}
	if !definitions[role].Exists() {
		return domain.ErrInvalid.WithFields(domain.FieldError{Field: "roles", Message: "must name roles that exist"})
	}
	own := roles.Resolve(definitions, held.State.RolesAt(s.now()))
	for _, permission := range roles.Resolve(definitions, []string{role}).Permissions() {
		if _, ok := own.Allow(permission); !ok {
			return roles.ErrPermissionDenied
		}
	}
	return nil
}
