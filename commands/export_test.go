package commands

import (
	"context"

	"am-user-management/domain/account"
)

// For the tests of package commands_test.
var (
	CloseAccount = (*Service).closeAccount
	ListAdmin    = (*Service).listAdmin
)

// ExecuteAccount carries out any command on an account.
func ExecuteAccount(ctx context.Context, s *Service, r Request, c account.Reactivate) error {
	_, err := execute(ctx, s, r, c)
	return err
}
