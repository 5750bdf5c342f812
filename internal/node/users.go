package node

import (
	"context"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/protos/users"
)

// usersService is the gRPC service by which administrators manage users, and users their own password.
type usersService struct {
	users.UnimplementedUsersServer

	guard *access.Guard
	users *access.Users
}

// Create makes a user.
func (s *usersService) Create(ctx context.Context, request *users.CreateReq) (*users.CreateResp, error) {
	o := request.GetOptions()
	return &users.CreateResp{}, s.asAdmin(ctx, o.GetLoginName(), func() error {
		return s.users.Create(ctx, o.GetLoginName(), o.GetFullName(), o.GetGroups(), o.GetPassword())
	})
}

// Update replaces a user's full name and groups; as in EventStoreDB, not the password.
func (s *usersService) Update(ctx context.Context, request *users.UpdateReq) (*users.UpdateResp, error) {
	o := request.GetOptions()
	return &users.UpdateResp{}, s.asAdmin(ctx, o.GetLoginName(), func() error {
		return s.users.Update(ctx, o.GetLoginName(), o.GetFullName(), o.GetGroups())
	})
}

// Delete removes a user.
func (s *usersService) Delete(ctx context.Context, request *users.DeleteReq) (*users.DeleteResp, error) {
	name := request.GetOptions().GetLoginName()
	return &users.DeleteResp{}, s.asAdmin(ctx, name, func() error { return s.users.Delete(ctx, name) })
}

// Disable lets a user in no more.
func (s *usersService) Disable(ctx context.Context, request *users.DisableReq) (*users.DisableResp, error) {
	name := request.GetOptions().GetLoginName()
	return &users.DisableResp{}, s.asAdmin(ctx, name, func() error { return s.users.Disable(ctx, name) })
}

// Enable lets a user in again.
func (s *usersService) Enable(ctx context.Context, request *users.EnableReq) (*users.EnableResp, error) {
	name := request.GetOptions().GetLoginName()
	return &users.EnableResp{}, s.asAdmin(ctx, name, func() error { return s.users.Enable(ctx, name) })
}

// ResetPassword gives a user a new password.
func (s *usersService) ResetPassword(ctx context.Context, request *users.ResetPasswordReq) (*users.ResetPasswordResp, error) {
	o := request.GetOptions()
	return &users.ResetPasswordResp{}, s.asAdmin(ctx, o.GetLoginName(), func() error {
		return s.users.ResetPassword(ctx, o.GetLoginName(), o.GetNewPassword())
	})
}

// ChangePassword lets users replace their own password, if they know it.
func (s *usersService) ChangePassword(ctx context.Context, request *users.ChangePasswordReq) (*users.ChangePasswordResp, error) {
	o := request.GetOptions()
	err := s.guard.CheckSelf(ctx, o.GetLoginName())
	if err == nil {
		err = s.users.ChangePassword(ctx, o.GetLoginName(), o.GetCurrentPassword(), o.GetNewPassword())
	}
	return &users.ChangePasswordResp{}, asUserStatus(ctx, err, o.GetLoginName())
}

// Details tells of one user, or of all if none is named. Users may ask for themselves.
func (s *usersService) Details(request *users.DetailsReq, call users.Users_DetailsServer) error {
	ctx, name := call.Context(), request.GetOptions().GetLoginName()
	if s.guard.CheckSelf(ctx, name) != nil {
		if err := s.guard.CheckAdmin(ctx); err != nil {
			return asStatus(ctx, err)
		}
	}
	found, err := s.details(ctx, name)
	if err != nil {
		return asUserStatus(ctx, err, name)
	}
	for _, user := range found {
		if err := call.Send(&users.DetailsResp{UserDetails: &users.DetailsResp_UserDetails{
			LoginName: user.LoginName, FullName: user.FullName, Groups: user.Groups, Disabled: user.Disabled,
			LastUpdated: &users.DetailsResp_UserDetails_DateTime{TicksSinceEpoch: user.Updated},
		}}); err != nil {
			return err
		}
	}
	return nil
}

func (s *usersService) details(ctx context.Context, name string) ([]access.User, error) {
	if name == "" {
		return s.users.All(ctx)
	}
	user, err := s.users.Details(ctx, name)
	return []access.User{user}, err
}

// asAdmin does what only administrators may do to the user of that name.
func (s *usersService) asAdmin(ctx context.Context, name string, do func() error) error {
	err := s.guard.CheckAdmin(ctx)
	if err == nil {
		err = do()
	}
	return asUserStatus(ctx, err, name)
}
