package access

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"am-user-management/internal/node/store"
	"am-user-management/internal/password"
)

// usersStream has the name of every user that was ever made.
const usersStream = "$users"

const (
	// userEntries bounds the users in memory.
	userEntries = 1 << 10

	maxNameBytes     = 255
	maxPasswordBytes = 1 << 10
)

// Users are the users of a node. Its methods may be called from any goroutine, and return the errors of store.Store and
// password.ErrBusy besides those they name.
type Users struct {
	log      *store.Store
	hasher   *password.Hasher
	logger   *slog.Logger
	accounts *latest[*account]
	proofs   *proofs
	// demoting is held while somebody stops being an administrator.
	demoting sync.Mutex
}

// NewUsers returns the users in a log that watches what Watch names. Where nobody has to prove anything hasher may be nil;
// then only Begin may be called. The logger receives what the operator should know.
func NewUsers(log *store.Store, hasher *password.Hasher, logger *slog.Logger) (*Users, error) {
	accounts, err := newLatest(log, userEntries, parseAccount)
	if err != nil {
		return nil, err
	}
	proofs, err := newProofs()
	return &Users{log: log, hasher: hasher, logger: logger, accounts: accounts, proofs: proofs}, err
}

// User is what is told of a user.
type User struct {
	LoginName string
	FullName  string
	Groups    []string
	Disabled  bool
	// Updated counts ticks of 100 ns since the Unix epoch.
	Updated int64
}

// Details returns a user, or ErrNoUser.
func (u *Users) Details(ctx context.Context, name string) (User, error) {
	a, err := u.account(ctx, name)
	if err != nil {
		return User{}, err
	}
	return User{LoginName: a.LoginName, FullName: a.FullName, Groups: a.Groups, Disabled: a.Disabled, Updated: a.updated}, nil
}

// All returns every user, in the order of their names.
func (u *Users) All(ctx context.Context) ([]User, error) {
	names, err := u.names(ctx)
	if err != nil {
		return nil, err
	}
	var all []User
	for name := range names {
		details, err := u.Details(ctx, name)
		switch {
		case errors.Is(err, ErrNoUser): // deleted
		case err != nil:
			return nil, err
		default:
			all = append(all, details)
		}
	}
	slices.SortFunc(all, func(a, b User) int { return strings.Compare(a.LoginName, b.LoginName) })
	return all, nil
}

// names are those of all users that were ever made.
func (u *Users) names(ctx context.Context) (map[string]bool, error) {
	view, err := u.log.Stream(ctx, usersStream)
	if err != nil {
		return nil, err
	}
	const pageEvents = 256
	names := map[string]bool{}
	var page store.Page
	for from := view.First; from <= view.Last; from += pageEvents {
		if err := u.log.ReadStream(&page, view, from, from+pageEvents-1, false); err != nil {
			return nil, err
		}
		for _, record := range page.Records {
			names[string(record.Data)] = true
		}
	}
	return names, nil
}

// account returns a user as it is now, or ErrNoUser.
func (u *Users) account(ctx context.Context, name string) (*account, error) {
	if checkName(name) != nil {
		return nil, ErrNoUser
	}
	a, err := u.accounts.of(ctx, userPrefix+name)
	if err == nil && a == nil {
		err = ErrNoUser
	}
	return a, err
}

func checkName(name string) error {
	switch {
	case name == "" || len(name) > maxNameBytes || !utf8.ValidString(name):
		return &store.InvalidError{Reason: "a login name must be text of 1 to 255 bytes"}
	case strings.HasPrefix(name, "$"), strings.Contains(name, ":"):
		return &store.InvalidError{Reason: "a login name must not begin with $ or contain a colon"}
	}
	return nil
}

func checkPassword(plain string) error {
	if plain == "" || len(plain) > maxPasswordBytes {
		return &store.InvalidError{Reason: "a password must have 1 to 1024 bytes"}
	}
	return nil
}
