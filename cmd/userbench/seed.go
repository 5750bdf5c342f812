package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"am-user-management/commands"
	"am-user-management/domain/plan"
	"am-user-management/domain/roles"
	"am-user-management/internal/email"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/limiter"
	"am-user-management/internal/password"
	"am-user-management/internal/token"
	"am-user-management/projections"
)

// thePassword is everybody's.
const thePassword = "correct horse battery staple"

// user is somebody with a session.
type user struct {
	email, session string
}

// argon2idCost is the service's default.
func argon2idCost() password.Params {
	return password.Params{MemoryKiB: 19_456, Time: 2, Parallelism: 1}
}

// seed makes users and sessions by the service's own commands on its stores, from this process, where hashing can be
// left out: all users have one hash of one password. It returns when the service has reacted to all of them.
func (b *bench) seed(ctx context.Context, s *service) (users []user, admin user, err error) {
	b.say("making %d users", b.users)
	pool, err := openPool(ctx, s.database)
	if err != nil {
		return nil, user{}, err
	}
	defer pool.Close()
	c, err := newCodec(ctx, pool, benchKEK())
	if err != nil {
		return nil, user{}, err
	}
	connect, err := esdbstore.Connector(s.store, nil)
	if err != nil {
		return nil, user{}, err
	}
	log := esdbstore.New(connect, c, esdbstore.Options{})
	users, admin, err = makeUsers(ctx, log, pool, b.users)
	if err = errors.Join(err, log.Close()); err != nil {
		return nil, user{}, err
	}
	return users, admin, b.settled(ctx, pool)
}

func makeUsers(ctx context.Context, log commands.Store, pool *pgxpool.Pool, n int) (users []user, admin user, err error) {
	tokens, err := token.New([]byte(serverSecret))
	if err != nil {
		return nil, user{}, err
	}
	known, err := hashOnce(ctx, password.Pepper{ID: password.ServerPepperID, Key: tokens.Key(password.ServerPepperLabel)})
	if err != nil {
		return nil, user{}, err
	}
	pepper := tokens.Key("email-claim")
	service := commands.New(commands.Dependencies{
		Store: log, Inline: projections.Inline(pool), Passwords: known, Clock: time.Now,
		Limiter:   limiter.New(pool, tokens.Key(limiter.KeyLabel), limiter.Rules{Attempts: 10, Lock: time.Minute}, time.Now),
		ClaimOf:   func(normal string) string { return email.Claim(pepper, normal) },
		ValidZone: func(string) bool { return true },
		Settings: commands.Settings{
			SessionAbsoluteTTL: 24 * time.Hour, SessionIdleTTL: 24 * time.Hour,
			TrialDays: 14, TrialPlan: plan.Pro, DefaultRole: roles.Viewer,
		},
	})
	if admin, err = makeAdmin(ctx, service); err != nil {
		return nil, user{}, err
	}
	users = make([]user, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(defaultConns)
	for i := range users {
		group.Go(func() error {
			made, err := makeUser(ctx, service, fmt.Sprintf("user-%d@example.org", i))
			users[i] = made
			return err
		})
	}
	return users, admin, group.Wait()
}

// makeAdmin makes somebody who may do anything.
func makeAdmin(ctx context.Context, service *commands.Service) (user, error) {
	err := service.BootstrapAdmin(ctx, commands.Registration{Email: adminEmail, EmailNormal: adminEmail, Password: thePassword})
	if err != nil {
		return user{}, err
	}
	return logIn(ctx, service, adminEmail)
}

func makeUser(ctx context.Context, service *commands.Service, address string) (user, error) {
	_, err := service.Register(ctx, request(), commands.Registration{
		Email: address, EmailNormal: address, Password: thePassword, FirstName: "Ada", LastName: "of Example",
		Timezone: "Europe/Berlin", Locale: "en-GB", Verified: true,
	})
	if err != nil {
		return user{}, err
	}
	return logIn(ctx, service, address)
}

func logIn(ctx context.Context, service *commands.Service, address string) (user, error) {
	made := user{email: address, session: token.SessionSecret()}
	hash, err := token.HashSession(made.session)
	if err != nil {
		return user{}, err
	}
	_, err = service.Login(ctx, request(), commands.Credentials{
		EmailNormal: address, Password: thePassword, SecretHash: hash, IP: "192.0.2.1", UserAgent: "userbench",
	})
	return made, err
}

func request() commands.Request {
	return commands.Request{CommandID: uuid.New(), Actor: eventstore.Actor{Kind: eventstore.Anonymous}}
}

// oneHash is everybody's password, hashed once; it is proved by comparing texts.
type oneHash string

var _ commands.Passwords = oneHash("")

func hashOnce(ctx context.Context, peppers ...password.Pepper) (oneHash, error) {
	hasher, err := password.New(password.Options{
		Params: argon2idCost(), MinLength: 8, Slots: 1, MaxWait: time.Minute,
		Peppers: peppers,
	})
	if err != nil {
		return "", err
	}
	phc, err := hasher.Hash(ctx, thePassword)
	return oneHash(phc), err
}

func (h oneHash) Check(string, ...string) error                { return nil }
func (h oneHash) Hash(context.Context, string) (string, error) { return string(h), nil }
func (h oneHash) Decoy(context.Context, string) error          { return nil }

func (h oneHash) Verify(_ context.Context, phc, plain string) (ok, rehash bool, err error) {
	return phc == string(h) && plain == thePassword, false, nil
}

// settleLook is how often we look whether the service has done what follows from the users.
const settleLook = 500 * time.Millisecond

// unsettled counts what is still to be done: profiles to be made, jobs to be run, projections that are behind others.
const unsettled = `
	SELECT greatest($1 - (SELECT count(*) FROM profiles), 0)
	     + (SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'retryable') AND scheduled_at <= now())
	     + (SELECT count(*) FROM checkpoints WHERE commit_position < (SELECT max(commit_position) FROM checkpoints))`

// settled waits until the service has nothing to do any more.
func (b *bench) settled(ctx context.Context, pool *pgxpool.Pool) error {
	b.say("waiting for profiles, trials, roles and jobs of these users")
	ticker := time.NewTicker(settleLook)
	defer ticker.Stop()
	for idle := 0; idle < 3; {
		var left int64
		if err := pool.QueryRow(ctx, unsettled, int64(b.users)).Scan(&left); err != nil {
			return err
		}
		if idle++; left > 0 {
			idle = 0
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%d things are still to be done: %w", left, ctx.Err())
		}
	}
	return nil
}
