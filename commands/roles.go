package commands

import (
	"context"
	"errors"
	"slices"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
)

// MayGrant tells whether somebody with these permissions may give, take, define or delete these roles: all that the roles
// permit by their streams, inherited or not, must be among what they hold. It returns roles.ErrNotFound for a role that
// is not defined and roles.ErrPermissionDenied.
func (s *Service) MayGrant(ctx context.Context, permissions []string, names []string) error {
	_, err := s.grantable(ctx, permissions, names)
	return err
}

// grantable is MayGrant with the ids of the roles.
func (s *Service) grantable(ctx context.Context, permissions []string, names []string) (ids []string, err error) {
	for _, name := range names {
		id, err := s.roleID(ctx, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	definitions, err := s.definitions(ctx, ids)
	if err != nil {
		return nil, err
	}
	if !roles.Covers(permissions, roles.Resolve(definitions, ids).Permissions()) {
		return nil, roles.ErrPermissionDenied
	}
	return ids, nil
}

// roleID is the id of the role that has this name now. It returns roles.ErrNotFound.
func (s *Service) roleID(ctx context.Context, name string) (string, error) {
	if !roles.ValidName(name) {
		return "", roles.ErrNotFound
	}
	definition, _, err := load[roles.Definition, roles.Event](ctx, s, roles.StreamOf(name))
	if err == nil && !definition.State.Exists() {
		err = roles.ErrNotFound
	}
	return definition.State.ID(), err
}

// definitions are those of the roles with these ids and of all they inherit.
func (s *Service) definitions(ctx context.Context, ids []string) (map[string]roles.Definition, error) {
	definitions := make(map[string]roles.Definition)
	loaded := make(map[string]bool)
	for queue := slices.Clone(ids); len(queue) > 0; queue = queue[1:] {
		name := roles.NameOf(queue[0])
		if loaded[name] || !roles.ValidName(name) {
			continue
		}
		loaded[name] = true
		outcome, _, err := load[roles.Definition, roles.Event](ctx, s, roles.StreamOf(name))
		if err != nil {
			return nil, err
		}
		if definition := outcome.State; definition.Exists() {
			definitions[definition.ID()] = definition
			queue = append(queue, definition.Inherits...)
		}
	}
	return definitions, nil
}

// Grant is a role for a user.
type Grant struct {
	User domain.ID
	Role string
	// ExpiresAt is when it ends by itself; nil for never.
	ExpiresAt *time.Time
	Reason    string
}

// lasting is what somebody with these permissions holds until a time, or for good if it is nil: nobody gives for longer
// than they have.
func (s *Service) lasting(ctx context.Context, r Request, permissions []string, until *time.Time) ([]string, error) {
	if r.Actor.Kind != eventstore.User {
		return permissions, nil // no roles, and none that end
	}
	id, err := domain.ParseID(r.Actor.ID)
	if err != nil {
		return nil, roles.ErrPermissionDenied
	}
	held, _, err := load[access.State, access.Event](ctx, s, access.StreamOf(id))
	if err != nil {
		return nil, err
	}
	ids, some := held.State.RolesUntil(s.now(), until)
	if !some {
		return permissions, nil
	}
	definitions, err := s.definitions(ctx, ids)
	if err != nil {
		return nil, err
	}
	return roles.Resolve(definitions, ids).Permissions(), nil
}

// GrantRole gives a user a role in the name of somebody who has these permissions; it holds on every instance when
// GrantRole returns. It returns the errors of MayGrant, account.ErrNotFound, and admins.ErrLast where the last
// administrator would become one for a while only.
func (s *Service) GrantRole(ctx context.Context, r Request, permissions []string, g Grant) (Outcome[access.State], error) {
	_, err := s.Account(ctx, g.User)
	if err != nil {
		return Outcome[access.State]{}, err
	}
	if permissions, err = s.lasting(ctx, r, permissions, g.ExpiresAt); err != nil {
		return Outcome[access.State]{}, err
	}
	ids, err := s.grantable(ctx, permissions, []string{g.Role})
	if err != nil {
		return Outcome[access.State]{}, err
	}
	return s.assign(ctx, r, access.Assign{UserID: g.User, Role: ids[0], ExpiresAt: g.ExpiresAt, Reason: g.Reason})
}

// AssignRole gives a user a role without an end, whoever asks: MayGrant tells who may. It returns roles.ErrNotFound and
// account.ErrNotFound.
func (s *Service) AssignRole(ctx context.Context, r Request, user domain.ID, role string) error {
	if _, err := s.Account(ctx, user); err != nil {
		return err
	}
	id, err := s.roleID(ctx, role)
	if err == nil {
		_, err = s.assign(ctx, r, access.Assign{UserID: user, Role: id, Reason: r.Reason})
	}
	return err
}

// AssignDefaultRole gives a new user the role that everybody has. It returns roles.ErrNotFound. The role is looked at
// once: while it is the default it is not deleted.
func (s *Service) AssignDefaultRole(ctx context.Context, r Request, user domain.ID) error {
	id := s.defaultRole.Load()
	if id == nil {
		found, err := s.roleID(ctx, s.settings.DefaultRole)
		if err != nil {
			return err
		}
		id = &found
		s.defaultRole.Store(id)
	}
	_, err := s.assign(ctx, r, access.Assign{UserID: user, Role: *id})
	return err
}

func (s *Service) assign(ctx context.Context, r Request, c access.Assign) (Outcome[access.State], error) {
	c.Now = s.at(r)
	if c.Role != roles.Admin {
		return execute(ctx, s, r, c)
	}
	outcome, err := s.leaveAdmins(ctx, r, c.UserID, c, c.ExpiresAt != nil)
	if err != nil {
		return outcome, err
	}
	return outcome, s.listAdmin(ctx, r, c.UserID)
}

// RevokeRole takes a role from a user in the name of somebody who has these permissions; it is gone on every instance
// when RevokeRole returns. It returns the errors of MayGrant, account.ErrNotFound and admins.ErrLast.
func (s *Service) RevokeRole(ctx context.Context, r Request, permissions []string, user domain.ID, role string) (Outcome[access.State], error) {
	if _, err := s.Account(ctx, user); err != nil {
		return Outcome[access.State]{}, err
	}
	ids, err := s.grantable(ctx, permissions, []string{role})
	if err != nil {
		return Outcome[access.State]{}, err
	}
	c := access.Revoke{UserID: user, Role: ids[0], Reason: r.Reason, Now: s.now()}
	if role != roles.Admin {
		return execute(ctx, s, r, c)
	}
	return s.leaveAdmins(ctx, r, user, c, true)
}

// leaveAdmins carries out a command on the role of an administrator. Where it ends their being one for good, they are
// taken off the list first.
func (s *Service) leaveAdmins(ctx context.Context, r Request, user domain.ID, c domain.Command[access.State, access.Event], ends bool) (Outcome[access.State], error) {
	return leave(ctx, s, r, c, func(before Outcome[access.State]) error {
		if !ends || !before.State.HoldsForGood(roles.Admin) {
			return nil
		}
		return s.delistAdmin(ctx, r, user, &before.Revision, nil)
	})
}

// UserRoles are the roles that a user was given and that still are what they were; some may have run out. It returns
// account.ErrNotFound.
func (s *Service) UserRoles(ctx context.Context, user domain.ID) (Outcome[access.State], error) {
	if _, err := s.Account(ctx, user); err != nil {
		return Outcome[access.State]{}, err
	}
	outcome, _, err := load[access.State, access.Event](ctx, s, access.StreamOf(user))
	if err != nil {
		return outcome, err
	}
	return s.living(ctx, outcome)
}

// living leaves out the roles that were deleted since they were given.
func (s *Service) living(ctx context.Context, outcome Outcome[access.State]) (Outcome[access.State], error) {
	var ids []string
	for _, assignment := range outcome.State.Roles {
		ids = append(ids, assignment.Role)
	}
	definitions, err := s.definitions(ctx, ids)
	if err != nil {
		return outcome, err
	}
	outcome.State.Roles = slices.DeleteFunc(slices.Clone(outcome.State.Roles), func(a access.Assignment) bool {
		return !definitions[a.Role].Exists()
	})
	return outcome, nil
}

// DefineRole says what a role is from now on, in the name of somebody who has these permissions: they must hold all that
// it permits, and all that it permitted before. It returns domain.ErrInvalid with fields, also for an inherited role that
// is not defined or leads back to this one, roles.ErrPermissionDenied and roles.ErrAdminProtected.
func (s *Service) DefineRole(ctx context.Context, r Request, permissions []string, c roles.Define) (Outcome[roles.Definition], error) {
	c.Now = s.at(r)
	if err := c.Faults().Err(); err != nil {
		return Outcome[roles.Definition]{}, err
	}
	permissions, err := s.lasting(ctx, r, permissions, nil)
	if err != nil {
		return Outcome[roles.Definition]{}, err
	}
	var inherited []string
	var faults domain.Faults
	c.IDs = make(map[string]string)
	for _, name := range c.Inherits {
		id, err := s.roleID(ctx, name)
		switch {
		case errors.Is(err, roles.ErrNotFound):
			faults.Add("inherits", "must each be a role that is defined")
		case err != nil:
			return Outcome[roles.Definition]{}, err
		}
		c.IDs[name] = id
		inherited = append(inherited, id)
	}
	if err := faults.Err(); err != nil {
		return Outcome[roles.Definition]{}, err
	}
	return leave(ctx, s, r, c, func(before Outcome[roles.Definition]) error {
		own := before.State.ID()
		definitions, err := s.definitions(ctx, append([]string{own}, inherited...))
		if err != nil {
			return err
		}
		taken := roles.Resolve(definitions, []string{own}).Permissions()
		given := append(roles.Resolve(definitions, inherited).Permissions(), c.Permissions...)
		switch {
		case !roles.Covers(permissions, taken) || !roles.Covers(permissions, given):
			return roles.ErrPermissionDenied
		case before.State.Exists() && roles.Leads(definitions, inherited, own):
			return domain.ErrInvalid.WithFields(domain.FieldError{Field: "inherits", Message: "must not lead back to the role itself"})
		}
		return nil
	})
}

// DeleteRole ends a role for all who hold it, on every instance when DeleteRole returns, in the name of somebody who has
// these permissions. It returns the errors of MayGrant, roles.ErrAdminProtected and roles.ErrDefault.
func (s *Service) DeleteRole(ctx context.Context, r Request, permissions []string, name string) (Outcome[roles.Definition], error) {
	c := roles.Delete{Name: name, Default: name == s.settings.DefaultRole, Now: s.now()}
	if !roles.ValidName(name) {
		return Outcome[roles.Definition]{}, roles.ErrNotFound
	}
	return leave(ctx, s, r, c, func(Outcome[roles.Definition]) error {
		return s.MayGrant(ctx, permissions, []string{name})
	})
}
