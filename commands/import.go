package commands

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/internal/eventstore"
)

// Imported is somebody who had an account elsewhere.
type Imported struct {
	// ID is kept; zero makes one of the request.
	ID          domain.ID
	Email       string // as it was typed, for mail
	EmailNormal string
	// PasswordHash is one that the hasher can verify; it was judged before.
	PasswordHash string
	Phone        string
	FirstName    string
	LastName     string
	Timezone     string
	Locale       string
	Status       account.Status
	// CreatedAt is when the account was opened elsewhere; zero is now.
	CreatedAt time.Time
	// Roles are given beside the default role.
	Roles []string
}

// Import is one wish to import many people. Rows derive their ids from CommandID and their number, so an import, or a
// part of it, that is carried out again makes nobody twice. At must be set: repeated commands must be the same commands.
type Import struct {
	Request
	Rows []ImportRow
}

// ImportRow is one row of an import.
type ImportRow struct {
	Number int
	User   Imported
}

// ImportOutcome is what came of a row: the user, or why there is none.
type ImportOutcome struct {
	User domain.ID
	Err  error

	position eventstore.Position
}

// importParallel is how many rows are on their way at once: enough for the store to group their appends.
const importParallel = 64

// ImportUsers opens accounts for people who had them elsewhere, and gives them their roles. The importer must hold
// whatever the roles permit: every row is judged. Nobody is mailed. All accounts are effective when it returns, together
// with how far the log came by them. Of rows that want one address or one id, the first that may have it gets it.
//
// A row's error is a rule, such as account.ErrAlreadyExists, or that something did not answer: then it is not known
// whether the account exists, and the same row again tells. ErrNotYetEffective is about all rows.
func (s *Service) ImportUsers(ctx context.Context, i Import) ([]ImportOutcome, eventstore.Position, error) {
	outcomes := make([]ImportOutcome, len(i.Rows))
	err := s.together(ctx, func(s *Service) {
		run := importing{service: s, request: i.Request, grantable: map[string]error{}}
		free, rivals := apart(i.Rows)
		inParallel(importParallel, free, func(at int) { outcomes[at] = run.row(ctx, i.Rows[at]) })
		for _, at := range rivals {
			outcomes[at] = run.row(ctx, i.Rows[at])
		}
	})
	var last eventstore.Position
	for _, outcome := range outcomes {
		if last.Less(outcome.position) {
			last = outcome.position
		}
	}
	return outcomes, last, err
}

// apart tells the rows that may run side by side from those that want what an earlier row wants.
func apart(rows []ImportRow) (free, rivals []int) {
	addresses, ids := make(map[string]bool, len(rows)), make(map[domain.ID]bool)
	for at, row := range rows {
		user := row.User
		if addresses[user.EmailNormal] || ids[user.ID] {
			rivals = append(rivals, at)
			continue
		}
		free = append(free, at)
		addresses[user.EmailNormal] = true
		if !user.ID.IsZero() {
			ids[user.ID] = true
		}
	}
	return free, rivals
}

// inParallel does it for all places, with so many workers.
func inParallel(workers int, places []int, do func(at int)) {
	next := make(chan int)
	var group sync.WaitGroup
	for range min(workers, len(places)) {
		group.Go(func() {
			for at := range next {
				do(at)
			}
		})
	}
	for _, at := range places {
		next <- at
	}
	close(next)
	group.Wait()
}

// importing is one call of ImportUsers.
type importing struct {
	service *Service
	request Request

	mu        sync.Mutex
	grantable map[string]error // by role: what the importer may give
}

// row imports one person.
func (i *importing) row(ctx context.Context, row ImportRow) ImportOutcome {
	r := i.request
	r.CommandID = i.request.derive("row/" + strconv.Itoa(row.Number))
	r.Fingerprint = "import"
	for _, role := range row.User.Roles {
		if err := i.mayGrant(ctx, role); err != nil {
			return ImportOutcome{Err: err}
		}
	}
	outcome, err := i.service.importUser(ctx, r, row.User)
	if err != nil {
		return ImportOutcome{Err: err}
	}
	user := outcome.State.UserID
	for _, role := range row.User.Roles {
		grant := r
		grant.CommandID = r.derive("role/" + role)
		if err := i.service.AssignRole(ctx, grant, user, role); err != nil {
			return ImportOutcome{Err: err}
		}
	}
	return ImportOutcome{User: user, position: outcome.Position}
}

// mayGrant judges a role once: the importer does not change, and the rows of one call take a moment.
func (i *importing) mayGrant(ctx context.Context, role string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	err, judged := i.grantable[role]
	if !judged {
		err = i.service.mayImportRole(ctx, i.request.Actor, role)
		i.grantable[role] = err
	}
	return err
}

// importUser is Register for somebody whose password was hashed elsewhere.
func (s *Service) importUser(ctx context.Context, r Request, u Imported) (Outcome[account.State], error) {
	user, key, now := u.ID, s.claimOf(u.EmailNormal), s.at(r)
	if user.IsZero() {
		user = domain.ID(r.derive("account"))
	}
	open := account.Import{
		UserID: user, Email: domain.NewPersonal(u.Email), Phone: domain.NewPersonal(u.Phone),
		FirstName: domain.NewPersonal(u.FirstName), LastName: domain.NewPersonal(u.LastName),
		Timezone: u.Timezone, Locale: u.Locale, ValidZone: s.validZone, EmailClaim: key,
		CredentialID: domain.ID(r.derive("credential")), PasswordHash: domain.NewSecret(u.PasswordHash),
		Status: u.Status, CreatedAt: u.CreatedAt, Now: now,
	}
	if err := open.Faults().Err(); err != nil { // before anything is written: a claim would outlive the refusal
		return Outcome[account.State]{}, err
	}
	_, err := execute(ctx, s, r, email.Claim{Key: key, Owner: user, Now: now})
	if errors.Is(err, email.ErrTaken) {
		return Outcome[account.State]{}, account.ErrAlreadyExists
	}
	if err != nil {
		return Outcome[account.State]{}, err
	}
	outcome, err := execute(ctx, s, r, open)
	if errors.Is(err, account.ErrAlreadyExists) || errors.Is(err, account.ErrRegistrationExpired) || errors.Is(err, ErrKeyReused) {
		// The id is somebody else's: their account keeps its own address, and this one becomes free again.
		released, release := s.ReapClaim(ctx, key, user)
		if release != nil {
			return Outcome[account.State]{}, release
		}
		if released && errors.Is(err, account.ErrAlreadyExists) { // and not: this very person is here
			err = account.ErrIDUsed
		}
	}
	return outcome, err
}
