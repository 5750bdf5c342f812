package access

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"am-user-management/internal/node/store"
)

const (
	// aclEntries bounds the access lists in memory; most streams have none, and then an entry is its name and 100 bytes.
	aclEntries = 16 << 10

	metastreamPrefix = "$$"
	allStream        = "$all"
)

// Guard answers whether the caller of a context may do something. Its methods return ErrDenied if not, or the error of
// the log that could not be asked. They may be called from any goroutine.
type Guard struct {
	open     bool
	users    *Users
	lists    *latest[*own]
	settings *latest[*settings]
}

// NewOpenGuard returns a guard that lets everybody do everything.
func NewOpenGuard() *Guard { return &Guard{open: true} }

// NewGuard returns a guard that follows the access lists in the log of the users.
func NewGuard(users *Users) (*Guard, error) {
	log := users.log
	faults, err := newFaults(users.logger)
	if err != nil {
		return nil, err
	}
	lists, err := newLatest(log, aclEntries, faults.metadata)
	if err != nil {
		return nil, err
	}
	settings, err := newLatest(log, 1, faults.settings)
	return &Guard{users: users, lists: lists, settings: settings}, err
}

// Check lets callers do with a stream, or with the whole log under the name $all, what its access list says. Access to a
// metastream is access to the metadata of its stream. Calls that go on for long ask again as they go on: a user who was
// disabled or got another password meanwhile may do nothing.
func (g *Guard) Check(ctx context.Context, action Action, stream string) error {
	if g.open {
		return nil
	}
	caller, err := g.caller(ctx)
	if err != nil {
		return err
	}
	if caller.Anonymous() {
		return ErrDenied
	}
	if stream == "" {
		stream = allStream
	}
	if stream == allStream && action != Read {
		return ErrDenied
	}
	if store.IsMetastream(stream) {
		switch action {
		case Read:
			action = metaRead
		case Write:
			action = metaWrite
		default:
			return ErrDenied
		}
		stream = stream[len(metastreamPrefix):]
	}
	if caller.admin() {
		return nil
	}
	allowed, err := g.roles(ctx, action, stream)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(allowed, func(role string) bool { return role == everybody || caller.has(role) }) {
		return nil
	}
	return ErrDenied
}

// caller returns who makes the call, as the log has it now.
func (g *Guard) caller(ctx context.Context) (Principal, error) {
	said := Caller(ctx)
	a, err := g.users.account(ctx, said.Name)
	switch {
	case errors.Is(err, ErrNoUser):
		return Principal{}, nil
	case err != nil:
		return Principal{}, err
	case a.Disabled || a.Hash != said.hash:
		return Principal{}, nil
	}
	return a.principal(), nil
}

// roles returns who may do something: by the stream's own list, else by the general one that it names, or that its own
// name puts it under.
func (g *Guard) roles(ctx context.Context, action Action, stream string) ([]string, error) {
	own, err := g.lists.of(ctx, metastreamPrefix+stream)
	if err != nil {
		return nil, err
	}
	if own.acl[action] != nil {
		return own.acl[action], nil
	}
	general, err := g.settings.of(ctx, settingsStream)
	if err != nil {
		return nil, err
	}
	return general.of(cmp.Or(own.general, generalList(stream)), action), nil
}

// CheckUser lets everybody pass who proved to be somebody.
func (g *Guard) CheckUser(ctx context.Context) error {
	return g.pass(!Caller(ctx).Anonymous())
}

// CheckOperator lets administrators and operators pass.
func (g *Guard) CheckOperator(ctx context.Context) error {
	caller := Caller(ctx)
	return g.pass(caller.admin() || caller.operator())
}

// CheckAdmin lets administrators pass.
func (g *Guard) CheckAdmin(ctx context.Context) error { return g.pass(Caller(ctx).admin()) }

// CheckSelf lets the user of that name pass.
func (g *Guard) CheckSelf(ctx context.Context, name string) error {
	caller := Caller(ctx)
	return g.pass(!caller.Anonymous() && caller.Name == name)
}

func (g *Guard) pass(allowed bool) error {
	if g.open || allowed {
		return nil
	}
	return ErrDenied
}
