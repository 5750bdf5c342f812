package commands

import (
	"context"

	"am-user-management/domain"
	"am-user-management/domain/account"
)

// NewUser is somebody whom an administrator makes an account for.
type NewUser struct {
	Registration
	// Status is active, inactive or pending; "" leaves it to the settings, as at a sign-up. Who is pending gets a mail.
	Status account.Status
	// Roles are given beside the default role.
	Roles []string
}

// CreateUser is Register in the name of somebody who has these permissions. It returns besides the errors of Register
// those of MayGrant, and domain.ErrInvalid for a status that there is no way out of. The roles hold on every instance when
// it returns; a request that is cut off before that is completed by its repetition.
func (s *Service) CreateUser(ctx context.Context, r Request, permissions []string, user NewUser) (Outcome[account.State], error) {
	switch user.Status {
	case "":
	case account.Active:
		user.Verified = true
	case account.Inactive:
		user.Closed = true
	case account.PendingVerification:
		if !s.settings.EmailVerification {
			return Outcome[account.State]{}, invalidStatus("must not be PENDING_VERIFICATION where no address is verified")
		}
	default:
		return Outcome[account.State]{}, invalidStatus("must be ACTIVE, INACTIVE or PENDING_VERIFICATION")
	}
	permissions, err := s.lasting(ctx, r, permissions, nil)
	if err != nil {
		return Outcome[account.State]{}, err
	}
	if err := s.MayGrant(ctx, permissions, user.Roles); err != nil { // before anything is written
		return Outcome[account.State]{}, err
	}
	user.Openly = true // administrators may know
	created, err := s.Register(ctx, r, user.Registration)
	if err != nil {
		return created, err
	}
	for _, role := range user.Roles {
		if err := s.AssignRole(ctx, r.part("role/"+role), created.State.UserID, role); err != nil {
			return created, err
		}
	}
	return created, nil
}

func invalidStatus(message string) error {
	return domain.ErrInvalid.WithFields(domain.FieldError{Field: "status", Message: message})
}

// Deactivate closes an account until it is reactivated, in the name of somebody who has these permissions: every session
// is over, on every instance, when it returns. It returns account.ErrNotFound, roles.ErrPermissionDenied if the user may
// do more than whoever asks, admins.ErrLast for the last administrator, and the faults of the reason.
func (s *Service) Deactivate(ctx context.Context, r Request, permissions []string, user domain.ID) (Outcome[account.State], error) {
	if err := s.mayManage(ctx, permissions, user); err != nil {
		return Outcome[account.State]{}, err
	}
	return s.closeAccount(ctx, r, user, account.Deactivate{UserID: user, Reason: r.Reason, Now: s.now()})
}

// Reactivate opens a deactivated account again, to what it was. It returns account.ErrAlreadyErasing, and the errors of
// Deactivate but for the last administrator.
func (s *Service) Reactivate(ctx context.Context, r Request, permissions []string, user domain.ID) (Outcome[account.State], error) {
	if err := s.mayManage(ctx, permissions, user); err != nil {
		return Outcome[account.State]{}, err
	}
	outcome, err := execute(ctx, s, r, account.Reactivate{UserID: user, Reason: r.Reason, Now: s.now()})
	if err != nil {
		return outcome, err
	}
	return outcome, s.listAdmin(ctx, r, user)
}

// Unlock ends the locks of an account and forgets what led to them. It returns the errors of Deactivate but for the last
// administrator.
func (s *Service) Unlock(ctx context.Context, r Request, permissions []string, user domain.ID) (Outcome[account.State], error) {
	if err := s.mayManage(ctx, permissions, user); err != nil {
		return Outcome[account.State]{}, err
	}
	outcome, err := execute(ctx, s, r, account.Unlock{UserID: user, Reason: r.Reason, Now: s.now()})
	if err != nil {
		return outcome, err
	}
	return outcome, s.limiter.Unlock(ctx, outcome.State.EmailClaim)
}
