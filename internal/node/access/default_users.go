package access

import (
	"context"
	"errors"
)

// Passwords are what the users that every node has begin with. Empty means: none.
type Passwords struct {
	Admin string
	Ops   string
	// Reset gives them to users that have another one, and lets those in again that were disabled.
	Reset bool
}

// ErrNoAdminPassword reports that nobody could be the administrator.
var ErrNoAdminPassword = errors.New("user admin has no password yet, and none is given")

// Begin sees to it that the users admin and ops are there. One that somebody has deleted is made again only with a given
// password; without, it stays deleted. Where they have no password they get the given one; a user that has one keeps it,
// unless the passwords are to be reset. It returns ErrNoAdminPassword if admin would be left without where passwords count.
func (u *Users) Begin(ctx context.Context, given Passwords) error {
	admin := user{LoginName: adminUser, FullName: "Event Store Administrator", Groups: []string{admins}}
	if err := u.begin(ctx, admin, given.Admin, given.Reset); err != nil {
		return err
	}
	ops := user{LoginName: operatorUser, FullName: "Event Store Operations", Groups: []string{operators}}
	return u.begin(ctx, ops, given.Ops, given.Reset)
}

func (u *Users) begin(ctx context.Context, first user, plain string, reset bool) error {
	a, err := u.account(ctx, first.LoginName)
	there := err == nil
	if err != nil && !errors.Is(err, ErrNoUser) {
		return err
	}
	view, err := u.log.Stream(ctx, userPrefix+first.LoginName)
	if err != nil {
		return err
	}
	deleted := !there && view.Last >= 0
	hasOne := there && a.Hash != ""
	switch {
	case plain == "" && (deleted || hasOne), hasOne && !reset:
		return nil
	case plain != "":
		if first.Hash, err = u.hasher.Hash(ctx, plain); err != nil {
			return err
		}
	case first.LoginName == adminUser && u.hasher != nil:
		return ErrNoAdminPassword
	}
	if !there {
		return u.create(ctx, first)
	}
	err = u.change(ctx, first.LoginName, true, func(changed *user) {
		changed.Salt, changed.Hash = "", first.Hash
		changed.Disabled = changed.Disabled && !reset
	})
	if err == nil && reset {
		u.logger.Warn("a user got the password of the settings and may come in", "user", first.LoginName, "was_disabled", a.Disabled)
	}
	return err
}
