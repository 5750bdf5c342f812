package commands

import (
	"context"
	"errors"
	"fmt"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/admins"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
)

// listAdmin counts a user as an administrator if they hold the role for good: after they were given it, and after
// their account was opened again. A crash before it leaves an administrator who is not counted, which is safe; the same
// wish again counts them.
func (s *Service) listAdmin(ctx context.Context, r Request, user domain.ID) error {
	held, exists, err := load[access.State, access.Event](ctx, s, access.StreamOf(user))
	if err != nil || !exists || !held.State.HoldsForGood(roles.Admin) {
		return err
	}
	opened, exists, err := load[account.State, account.Event](ctx, s, account.StreamOf(user))
	if err != nil || !exists {
		return err
	}
	r = r.part(fmt.Sprintf("admins/list/%s/%d/%d", user, held.Revision, opened.Revision))
	_, err = execute(ctx, s, r, admins.List{
		UserID: user, AccessRevision: held.Revision, AccountRevision: opened.Revision, Now: s.now(),
	})
	return err
}

// delistAdmin takes a user off the list before they lose what was decided on at a revision. It returns admins.ErrLast if
// nobody else can administer the installation.
func (s *Service) delistAdmin(ctx context.Context, r Request, user domain.ID, accessRevision, accountRevision *uint64) error {
	name := "admins/delist/" + user.String()
	if accessRevision != nil {
		name += fmt.Sprintf("/access/%d", *accessRevision)
	}
	if accountRevision != nil {
		name += fmt.Sprintf("/account/%d", *accountRevision)
	}
	r = r.part(name)
	for attempt := 1; ; attempt++ {
		list, _, err := load[admins.State, admins.Event](ctx, s, admins.Stream)
		if err != nil {
			return err
		}
		remaining, err := s.administrator(ctx, list.State.Others(user))
		if err != nil {
			return err
		}
		_, err = execute(ctx, s, r, admins.Delist{
			UserID: user, AccessRevision: accessRevision, AccountRevision: accountRevision, Remaining: remaining, Now: s.now(),
		})
		if !errors.Is(err, admins.ErrLast) || remaining.IsZero() || attempt == attempts {
			return err
		}
	}
}

// administrator finds one of the users who can administer the installation, by their streams; zero for none.
func (s *Service) administrator(ctx context.Context, users []domain.ID) (domain.ID, error) {
	for _, user := range users {
		held, _, err := load[access.State, access.Event](ctx, s, access.StreamOf(user))
		if err != nil {
			return domain.ID{}, err
		}
		if !held.State.HoldsForGood(roles.Admin) {
			continue
		}
		opened, _, err := load[account.State, account.Event](ctx, s, account.StreamOf(user))
		if err != nil {
			return domain.ID{}, err
		}
		if opened.State.Status == account.Active {
			return user, nil
		}
	}
	return domain.ID{}, nil
}

// closeAccount carries out a command that ends the use of an account: deactivation, erasure. An administrator is taken
// off the list first. It returns admins.ErrLast besides the rules of the command.
//
// Whoever is made an administrator while this runs may be counted for the moment until it has run.
func (s *Service) closeAccount(ctx context.Context, r Request, user domain.ID, c domain.Command[account.State, account.Event]) (Outcome[account.State], error) {
	return leave(ctx, s, r, c, func(before Outcome[account.State]) error {
		held, _, err := load[access.State, access.Event](ctx, s, access.StreamOf(user))
		if err != nil || !held.State.HoldsForGood(roles.Admin) {
			return err
		}
		return s.delistAdmin(ctx, r, user, nil, &before.Revision)
	})
}

// leave carries out a command at the very revision for which first was done, so that what first has seen still holds.
// A command that was carried out already, finds nothing to do or is refused needs no first.
func leave[S domain.State[S, E], E domain.Event](ctx context.Context, s *Service, r Request, c domain.Command[S, E], first func(Outcome[S]) error) (Outcome[S], error) {
	for attempt := 1; ; attempt++ {
		history, err := s.store.Load(ctx, c.Stream(), 0)
		if err != nil {
			return Outcome[S]{}, storeError(err)
		}
		before, err := folded[S, E](c.Stream(), history)
		if err != nil {
			return Outcome[S]{}, err
		}
		exact := r
		if r.IfMatch == nil {
			revision := ^uint64(0) // of no event: the stream must not begin meanwhile
			if len(history) > 0 {
				revision = before.Revision
			}
			exact.IfMatch = &revision
		}
		if wanted, err := wants(history, r, before, c); err != nil {
			return Outcome[S]{}, err
		} else if wanted {
			if err := first(before); err != nil {
				return Outcome[S]{}, err
			}
		}
		outcome, err := execute(ctx, s, exact, c)
		if r.IfMatch != nil || !errors.Is(err, ErrPreconditionFailed) {
			return outcome, err
		}
		if attempt == attempts {
			return Outcome[S]{}, ErrConflict
		}
	}
}

// wants reports whether the command would change the state that a history leads to.
func wants[S domain.State[S, E], E domain.Event](history []eventstore.Envelope, r Request, before Outcome[S], c domain.Command[S, E]) (bool, error) {
	done, err := standsIn(history, r)
	if err != nil || done > 0 || r.IfMatch != nil && *r.IfMatch != before.Revision {
		return false, err
	}
	events, err := c.Decide(before.State)
	return err == nil && len(events) > 0, nil // execute returns the rule
}

// ListAdmins counts the administrators of an installation that was made before they were counted: find names the users
// who may hold the role. It does nothing once anybody is counted, and counts nobody who does not hold the role now.
func (s *Service) ListAdmins(ctx context.Context, find func(context.Context) ([]domain.ID, error)) error {
	list, _, err := load[admins.State, admins.Event](ctx, s, admins.Stream)
	if err != nil || !list.State.Empty() {
		return err
	}
	users, err := find(ctx)
	if err != nil {
		return err
	}
	for _, user := range users {
		if err := s.listAdmin(ctx, operatorRequest("seed"), user); err != nil {
			return err
		}
	}
	return nil
}
