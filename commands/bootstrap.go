package commands

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"am-user-management/domain/account"
	"am-user-management/domain/plan"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
)

// Seed defines the roles and plans that the program brings along, where nobody defined them otherwise.
func (s *Service) Seed(ctx context.Context, definitions []roles.Define, plans []plan.Define) error {
	for _, define := range definitions {
		define.Now = s.now()
		if _, err := execute(ctx, s, operatorRequest("seed"), define); err != nil {
			return err
		}
	}
	for _, define := range plans {
		define.Now = s.now()
		if _, err := execute(ctx, s, operatorRequest("seed"), define); err != nil {
			return err
		}
	}
	return nil
}

// BootstrapAdmin creates the first administrator, once. The address names the request, so a start after a crash between
// the account and its role completes it, and any later start changes nothing: it neither resets the password nor gives
// back a role that was taken. An address that somebody else holds is left alone.
func (s *Service) BootstrapAdmin(ctx context.Context, reg Registration) error {
	reg.Verified, reg.Openly = true, true
	request := operatorRequest("bootstrap")
	request.CommandID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("bootstrap-admin/"+s.claimOf(reg.EmailNormal)))
	created, err := s.Register(ctx, request, reg)
	if errors.Is(err, account.ErrAlreadyExists) {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.AssignRole(ctx, request, created.State.UserID, roles.Admin)
	if errors.Is(err, account.ErrNotFound) { // that administrator was erased since
		return nil
	}
	return err
}

// operatorRequest is a request by whoever runs the program.
func operatorRequest(name string) Request {
	return Request{
		CommandID: uuid.New(), Fingerprint: name,
		Actor: eventstore.Actor{ID: name, Kind: eventstore.Operator},
	}
}
