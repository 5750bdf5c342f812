package commands

import (
	"context"
	"errors"

	"am-user-management/domain"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
)

// mayImportRole is MayGrant for an importer, who may have lost what they held when they asked. A role that is not defined
// is a fault of the row.
func (s *Service) mayImportRole(ctx context.Context, importer eventstore.Actor, role string) error {
	id, err := domain.ParseID(importer.ID)
	if err != nil || importer.Kind != eventstore.User {
		return roles.ErrPermissionDenied
	}
	held, err := s.UserRoles(ctx, id)
	if err != nil {
		return err
	}
	ids, _ := held.State.RolesUntil(s.now(), nil)
	definitions, err := s.definitions(ctx, ids)
	if err != nil {
		return err
	}
	err = s.MayGrant(ctx, roles.Resolve(definitions, ids).Permissions(), []string{role})
	if errors.Is(err, roles.ErrNotFound) {
		return domain.ErrInvalid.WithFields(domain.FieldError{Field: "roles", Message: "must name roles that exist"})
	}
	return err
}
