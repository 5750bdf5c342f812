package access

import (
	"context"
	"errors"
)

// checkOtherAdmin returns ErrLastAdmin if the user is the only administrator who may come in. EventStoreDB asks for no
// other, and locks everybody out. It is called with u.demoting held, so that no two are each other's last.
func (u *Users) checkOtherAdmin(ctx context.Context, name string) error {
	if is, err := u.activeAdmin(ctx, name); err != nil || !is {
		return err
	}
	names, err := u.names(ctx)
	if err != nil {
		return err
	}
	names[adminUser] = true // whatever has become of the list
	for other := range names {
		if other == name {
			continue
		}
		if is, err := u.activeAdmin(ctx, other); err != nil || is {
			return err
		}
	}
	return ErrLastAdmin
}

// activeAdmin tells whether the user is there, an administrator, and may come in.
func (u *Users) activeAdmin(ctx context.Context, name string) (bool, error) {
	a, err := u.account(ctx, name)
	if errors.Is(err, ErrNoUser) {
		return false, nil
	}
	return err == nil && !a.Disabled && a.Hash != "" && a.principal().admin(), err
}
