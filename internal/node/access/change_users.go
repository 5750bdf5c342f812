package access

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

// What EventStoreDB writes about users.
const (
	notificationStream = "$users-password-notifications"

	typeUser            = "$User"
	typeUserCreated     = "$UserCreated"
	typeUserUpdated     = "$UserUpdated"
	typePasswordChanged = "$PasswordChanged"

	userACL              = `{"$acl":{"$w":"$admins","$d":"$admins","$mw":"$admins"}}`
	notificationMetadata = `{"$maxAge":3600}`
)

// Create makes a user. It returns ErrUserConflict if there is one of that name with another password, and a
// store.InvalidError for a name or a password that cannot be.
func (u *Users) Create(ctx context.Context, name, fullName string, groups []string, plain string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := checkPassword(plain); err != nil {
		return err
	}
	a, err := u.account(ctx, name)
	if err == nil {
		same, err := u.proves(ctx, a, plain)
		if err == nil && !same {
			err = ErrUserConflict
		}
		return err
	}
	if !errors.Is(err, ErrNoUser) {
		return err
	}
	hash, err := u.hasher.Hash(ctx, plain)
	if err != nil {
		return err
	}
	return u.create(ctx, user{LoginName: name, FullName: fullName, Groups: groups, Hash: hash})
}

func (u *Users) create(ctx context.Context, made user) error {
	stream := userPrefix + made.LoginName
	view, err := u.log.Stream(ctx, stream)
	if err != nil {
		return err
	}
	if err := u.write(ctx, "$$"+stream, store.Any, store.MetadataType, true, []byte(userACL)); err != nil {
		return err
	}
	if err := u.put(ctx, view.Last, typeUserCreated, made); err != nil {
		return err
	}
	return u.write(ctx, usersStream, store.Any, typeUser, false, []byte(made.LoginName))
}

// Update replaces a user's full name and groups. It returns ErrNoUser, ErrUserConflict and ErrLastAdmin.
func (u *Users) Update(ctx context.Context, name, fullName string, groups []string) error {
	u.demoting.Lock()
	defer u.demoting.Unlock()
	if !(Principal{Name: name, Groups: groups}).admin() {
		if err := u.checkOtherAdmin(ctx, name); err != nil {
			return err
		}
	}
	return u.change(ctx, name, true, func(changed *user) { changed.FullName, changed.Groups = fullName, groups })
}

// Enable lets a user in again. It returns ErrNoUser and ErrUserConflict.
func (u *Users) Enable(ctx context.Context, name string) error {
	return u.change(ctx, name, false, func(changed *user) { changed.Disabled = false })
}

// Disable lets a user in no more. It returns ErrNoUser, ErrUserConflict and ErrLastAdmin.
func (u *Users) Disable(ctx context.Context, name string) error {
	u.demoting.Lock()
	defer u.demoting.Unlock()
	if err := u.checkOtherAdmin(ctx, name); err != nil {
		return err
	}
	return u.change(ctx, name, true, func(changed *user) { changed.Disabled = true })
}

// ResetPassword gives a user a new password. It returns ErrNoUser, ErrUserConflict, and a store.InvalidError for a
// password that cannot be.
func (u *Users) ResetPassword(ctx context.Context, name, plain string) error {
	if err := checkPassword(plain); err != nil {
		return err
	}
	hash, err := u.hasher.Hash(ctx, plain)
	if err != nil {
		return err
	}
	return u.change(ctx, name, true, func(changed *user) { changed.Salt, changed.Hash = "", hash })
}

// ChangePassword is ResetPassword for who knows the current one; others get ErrDenied.
func (u *Users) ChangePassword(ctx context.Context, name, current, plain string) error {
	a, err := u.account(ctx, name)
	if err != nil {
		return err
	}
	switch known, err := u.proves(ctx, a, current); {
	case err != nil:
		return err
	case !known:
		return ErrDenied
	}
	return u.ResetPassword(ctx, name, plain)
}

// Delete removes a user. It returns ErrNoUser, ErrUserConflict and ErrLastAdmin.
func (u *Users) Delete(ctx context.Context, name string) error {
	u.demoting.Lock()
	defer u.demoting.Unlock()
	if err := u.checkOtherAdmin(ctx, name); err != nil {
		return err
	}
	a, err := u.account(ctx, name)
	if err != nil {
		return err
	}
	if err := u.notify(ctx, name); err != nil {
		return err
	}
	_, err = u.log.Delete(ctx, userPrefix+name, store.Expected(a.revision))
	return asConflict(err)
}

// change writes a user anew. Others who keep users in memory are told first if it makes what they know wrong.
func (u *Users) change(ctx context.Context, name string, tell bool, change func(*user)) error {
	a, err := u.account(ctx, name)
	if err != nil {
		return err
	}
	changed := a.user
	change(&changed)
	if tell {
		if err := u.notify(ctx, name); err != nil {
			return err
		}
	}
	return u.put(ctx, a.revision, typeUserUpdated, changed)
}

func (u *Users) notify(ctx context.Context, name string) error {
	err := u.write(ctx, "$$"+notificationStream, store.NoStream, store.MetadataType, true, []byte(notificationMetadata))
	if err != nil && !errors.Is(err, ErrUserConflict) { // a conflict: it is there
		return err
	}
	data, err := json.Marshal(struct{ LoginName string }{name})
	if err != nil {
		return err
	}
	return u.write(ctx, notificationStream, store.Any, typePasswordChanged, true, data)
}

func (u *Users) put(ctx context.Context, last int64, eventType string, written user) error {
	data, err := json.Marshal(written)
	if err != nil {
		return err
	}
	return u.write(ctx, userPrefix+written.LoginName, store.Expected(last), eventType, true, data)
}

func (u *Users) write(ctx context.Context, stream string, expected store.Expected, eventType string, isJSON bool, data []byte) error {
	event := store.Event{ID: store.ID(uuid.New()), Type: eventType, JSON: isJSON, Data: data}
	_, err := u.log.Append(ctx, stream, expected, []store.Event{event})
	return asConflict(err)
}

func asConflict(err error) error {
	if _, wrong := errors.AsType[*store.WrongRevisionError](err); wrong {
		return ErrUserConflict
	}
	return err
}
