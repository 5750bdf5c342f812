package access

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"am-user-management/internal/password"
)

// maxCredentials bounds a header that is looked at: nobody can have a longer name and password.
const maxCredentials = 4 << 10

// Authenticate tells who sends an authorization header. Without one, or with another scheme than Basic, that is an
// anonymous caller. It returns ErrBadCredentials, password.ErrBusy, or an error of the log.
func (u *Users) Authenticate(ctx context.Context, header string) (Principal, error) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return Principal{}, nil
	}
	if len(encoded) > maxCredentials {
		return Principal{}, ErrBadCredentials
	}
	credentials, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	name, plain, complete := strings.Cut(string(credentials), ":")
	if err != nil || !complete {
		return Principal{}, ErrBadCredentials
	}
	return u.login(ctx, name, plain)
}

// login does equal work for users who may come in and for those who may not or are not there.
func (u *Users) login(ctx context.Context, name, plain string) (Principal, error) {
	a, err := u.account(ctx, name)
	if err != nil && !errors.Is(err, ErrNoUser) {
		return Principal{}, err
	}
	right := false
	if a == nil || a.Disabled || a.Hash == "" {
		err = u.hasher.Decoy(ctx, plain)
	} else {
		right, err = u.proves(ctx, a, plain)
	}
	switch {
	case err != nil:
		return Principal{}, err
	case !right:
		return Principal{}, ErrBadCredentials
	}
	return a.principal(), nil
}

// proves tells whether a password is the user's.
func (u *Users) proves(ctx context.Context, a *account, plain string) (bool, error) {
	proof := u.proofs.of(a, plain)
	if _, known := u.proofs.right.Get(proof); known {
		return true, nil
	}
	// Whoever waits for the result must not lose it because the one who asked first goes away.
	ctx = context.WithoutCancel(ctx)
	right, err, _ := u.proofs.running.Do(string(proof[:]), func() (any, error) {
		right, _, err := u.hasher.Verify(ctx, a.Hash, plain)
		if errors.Is(err, password.ErrFormat) || errors.Is(err, password.ErrPepper) { // somebody else's hash proves nothing
			return false, u.hasher.Decoy(ctx, plain)
		}
		if right {
			u.proofs.right.Add(proof, struct{}{})
		}
		return right, err
	})
	proven, _ := right.(bool)
	return proven, err
}
