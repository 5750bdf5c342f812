package commands

import (
	"context"

	"am-user-management/domain"
	"am-user-management/domain/roles"
)

// mayManage tells whether somebody with these permissions may do something to a user's account: nobody touches the
// account of somebody who may do more than they. It returns account.ErrNotFound and roles.ErrPermissionDenied.
func (s *Service) mayManage(ctx context.Context, permissions []string, user domain.ID) error {
	held, err := s.UserRoles(ctx, user)
	if err != nil {
		return err
	}
	ids := held.State.RolesAt(s.now())
	definitions, err := s.definitions(ctx, ids)
	if err != nil {
		return err
	}
	if !roles.Covers(permissions, roles.Resolve(definitions, ids).Permissions()) {
		return roles.ErrPermissionDenied
	}
	return nil
}
