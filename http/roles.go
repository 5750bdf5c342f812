package http

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/roles"
	"am-user-management/readmodel"
)

// listRoles answers GET /roles.
func (s *Server) listRoles(ctx context.Context, c *call) error {
	at, err := s.shortPlace(c)
	if err != nil {
		return err
	}
	if err := s.await(ctx, c); err != nil {
		return err
	}
	items, err := s.reader.Roles(ctx)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, shortPage(s, at, items, func(r readmodel.Role) string { return r.Name }))
}

// roleDefinition is the body of PUT /roles/{name}: all that the role is.
type roleDefinition struct {
	Permissions []string `json:"permissions,omitzero"`
	Inherits    []string `json:"inherits,omitzero"`
}

// defineRole answers PUT /roles/{name}.
func (s *Server) defineRole(ctx context.Context, c *call) error {
	var body roleDefinition
	if err := c.bind(&body); err != nil {
		return err
	}
	command, err := s.change(ctx, c)
	if err != nil {
		return err
	}
	outcome, err := s.commands.DefineRole(ctx, command, c.permissions, roles.Define{
		Name: c.Param("name"), Permissions: body.Permissions, Inherits: body.Inherits,
	})
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	return c.answer(http.StatusOK, roleView(outcome.State))
}

// deleteRole answers DELETE /roles/{name}.
func (s *Server) deleteRole(ctx context.Context, c *call) error {
	command, err := s.change(ctx, c)
	if err != nil {
		return err
	}
	outcome, err := s.commands.DeleteRole(ctx, command, c.permissions, c.Param("name"))
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// grantList is all roles of a user.
type grantList struct {
	Items []readmodel.Grant `json:"items"`
}

// userRoles answers GET /users/{id}/roles.
func (s *Server) userRoles(ctx context.Context, c *call) error {
	user, err := c.id()
	if err != nil {
		return err
	}
	at, err := s.shortPlace(c)
	if err != nil {
		return err
	}
	view, err := s.reader.Access(ctx, uuid.UUID(user))
	if err != nil {
		return err
	}
	_, err = s.reader.Account(ctx, uuid.UUID(user))
	if err != nil && !errors.Is(err, readmodel.ErrNotFound) {
		return err
	}
	if err != nil || c.fresh.behind() { // it may be somebody who does not exist
		outcome, err := s.commands.UserRoles(ctx, user)
		if err != nil {
			return err
		}
		view.Version.Revision, view.Grants = outcome.Revision, grantsView(outcome.State)
	}
	return c.answerEntity(view.Version.Revision, shortPage(s, at, view.Grants, func(g readmodel.Grant) string { return g.Role }))
}

// roleGrant is the body of POST /users/{id}/roles.
type roleGrant struct {
	Role      string     `json:"role"`
	ExpiresAt *time.Time `json:"expires_at,omitzero"`
	Reason    string     `json:"reason,omitzero"`
}

// grantRole answers POST /users/{id}/roles.
func (s *Server) grantRole(ctx context.Context, c *call) error {
	var body roleGrant
	if err := c.bind(&body); err != nil {
		return err
	}
	user, err := c.id()
	if err != nil {
		return err
	}
	command, err := s.change(ctx, c)
	if err != nil {
		return err
	}
	if body.ExpiresAt != nil {
		at := instant(*body.ExpiresAt)
		if at.IsZero() {
			return invalid("expires_at", "must be "+aTime)
		}
		body.ExpiresAt = &at
	}
	command.Reason = body.Reason
	outcome, err := s.commands.GrantRole(ctx, command, c.permissions, commands.Grant{
		User: user, Role: body.Role, ExpiresAt: body.ExpiresAt, Reason: body.Reason,
	})
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	if outcome, err = s.commands.UserRoles(ctx, user); err != nil {
		return err
	}
	return c.answer(http.StatusOK, grantList{Items: grantsView(outcome.State)})
}

// revokeRole answers DELETE /users/{id}/roles/{role}.
func (s *Server) revokeRole(ctx context.Context, c *call) error {
	user, err := c.id()
	if err != nil {
		return err
	}
	command, err := s.change(ctx, c)
	if err != nil {
		return err
	}
	outcome, err := s.commands.RevokeRole(ctx, command, c.permissions, user, c.Param("role"))
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func roleView(definition roles.Definition) readmodel.Role {
	view := readmodel.Role{
		Name: definition.Name, Permissions: definition.Permissions, Inherits: make([]string, len(definition.Inherits)),
		BuiltIn: definition.BuiltIn,
	}
	if view.Permissions == nil {
		view.Permissions = []string{}
	}
	for i, id := range definition.Inherits {
		view.Inherits[i] = roles.NameOf(id)
	}
	return view
}

func grantsView(state access.State) []readmodel.Grant {
	list := make([]readmodel.Grant, len(state.Roles))
	for i, held := range state.Roles {
		list[i] = readmodel.Grant{
			Role: roles.NameOf(held.Role), ExpiresAt: held.ExpiresAt, Reason: held.Reason, AssignedAt: held.AssignedAt,
		}
	}
	return list
}

// permissionCheck is the body of both checks. Without a user_id it is about the caller.
type permissionCheck struct {
	UserID     string `json:"user_id,omitzero"`
	Permission string `json:"permission"`
}

// permissionAnswer says whether it is allowed, by which roles (from the one that is held to the one that permits it),
// and when that ends by itself.
type permissionAnswer struct {
	Allowed   bool       `json:"allowed"`
	Via       []string   `json:"via"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

func (b permissionCheck) parse(self domain.ID) (domain.ID, error) {
	var faults domain.Faults
	user := self
	if b.UserID != "" {
		var err error
		if user, err = domain.ParseID(b.UserID); err != nil {
			faults.Add("user_id", "must be a UUID")
		}
	} else if self.IsZero() {
		faults.Add("user_id", "is required")
	}
	if !roles.WellFormed(b.Permission) {
		faults.Add("permission", "must be resource:action, or * for either part")
	}
	return user, faults.Err()
}

// checkPermission answers POST /permissions/check.
func (s *Server) checkPermission(ctx context.Context, c *call) error {
	var body permissionCheck
	if err := c.bind(&body); err != nil {
		return err
	}
	user, err := body.parse(c.user)
	if err != nil {
		return err
	}
	if user != c.user && !roles.Allows(c.permissions, "permission:check") {
		return roles.ErrPermissionDenied
	}
	return s.answerPermission(ctx, c, user, body.Permission)
}

// checkAnyPermission answers POST /internal/v1/permissions/check.
func (s *Server) checkAnyPermission(ctx context.Context, c *call) error {
	var body permissionCheck
	if err := c.bind(&body); err != nil {
		return err
	}
	user, err := body.parse(domain.ID{})
	if err != nil {
		return err
	}
	return s.answerPermission(ctx, c, user, body.Permission)
}

func (s *Server) answerPermission(ctx context.Context, c *call, user domain.ID, permission string) error {
	standing, err := s.reader.Standing(ctx, uuid.UUID(user), s.clock())
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, allowed(standing, permission))
}

// allowed is the answer that a user's standing gives.
func allowed(standing readmodel.Standing, permission string) permissionAnswer {
	answer := permissionAnswer{Via: []string{}}
	if !standing.Active {
		return answer
	}
	definitions := make(map[string]roles.Definition, len(standing.Reached))
	for _, d := range standing.Reached {
		definitions[d.ID] = roles.Definition{Name: d.Name, Permissions: d.Permissions, Inherits: d.Inherits}
	}
	held, ends := make([]string, len(standing.Held)), make(map[string]*time.Time, len(standing.Held))
	for i, h := range standing.Held {
		held[i], ends[h.ID] = h.ID, h.ExpiresAt
	}
	via, ok := roles.Resolve(definitions, held).Allow(permission)
	if !ok {
		return answer
	}
	answer.Allowed, answer.ExpiresAt = true, ends[via[0]]
	for _, id := range via {
		answer.Via = append(answer.Via, roles.NameOf(id))
	}
	return answer
}
