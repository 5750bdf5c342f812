package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the zones, where the machine has none

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"am-user-management/commands"
	"am-user-management/commands/sagas"
	"am-user-management/domain/plan"
	amhttp "am-user-management/http"
	"am-user-management/internal/codec"
	"am-user-management/internal/config"
	"am-user-management/internal/email"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/feed"
	"am-user-management/internal/imports"
	"am-user-management/internal/jobs"
	"am-user-management/internal/keyring"
	"am-user-management/internal/limiter"
	"am-user-management/internal/password"
	"am-user-management/internal/token"
	"am-user-management/projections"
	"am-user-management/readmodel"
)

const (
	// connections is the size of the pool that requests share: more only queue in Postgres.
	connections = 16
	// hashWait is how long a login waits for its turn to hash before it is told to come back.
	hashWait = 2 * time.Second
	// claimTTL is how long an address stays claimed by a sign-up that was not finished.
	claimTTL = 2 * time.Minute
)

// assembly is the service, put together but not running.
type assembly struct {
	server   *amhttp.Server
	feed     *feed.Feed
	jobs     *jobs.Client
	draining *atomic.Bool
	patience patience
	closers  []func() error
}

// close gives back what assemble took, last first.
func (a *assembly) close() error {
	var failures []error
	for _, closer := range slices.Backward(a.closers) {
		failures = append(failures, closer())
	}
	return errors.Join(failures...)
}

// assemble puts the service together and prepares its stores: migrations, built-in roles and plans, the first
// administrator. What it waits for meanwhile it tells starting.
func assemble(ctx context.Context, c config.Config, around surroundings, starting *amhttp.Starting, log *slog.Logger) (_ *assembly, err error) {
	a := &assembly{draining: &atomic.Bool{}, patience: patience{log: log, starting: starting}}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	pool, ring, err := a.openDatabases(ctx, c)
	if err != nil {
		return nil, err
	}
	events, err := codec.New(ring, codec.All()...)
	if err != nil {
		return nil, err
	}
	connect, err := esdbstore.Connector(c.Stores.EventStoreURL.Text(), log)
	if err != nil {
		return nil, fmt.Errorf("EVENTSTORE_URL: %w", err)
	}
	reading := feed.NewEventStore(connect)
	a.closers = append(a.closers, reading.Close)
	check := storeCheck{
		patience: a.patience, address: c.Stores.EventStoreURL.Text(), connect: connect, log: reading, pool: pool, alone: around.alone, logger: log,
	}
	if err := check.run(ctx); err != nil {
		return nil, err
	}
	short, err := esdbstore.Batches(c.Stores.EventStoreURL.Text(), log)
	if err != nil {
		return nil, fmt.Errorf("EVENTSTORE_URL: %w", err)
	}
	store := a.openStore(ctx, connect, short, reading, pool, events, log)
	tokens, err := token.New([]byte(c.Trust.ServerSecret.Text()))
	if err != nil {
		return nil, err
	}
	counts := limiter.New(pool, tokens.Key(limiter.KeyLabel),
		limiter.Rules{Attempts: c.Account.LockoutAttempts, Lock: c.Account.LockoutBaseDuration}, around.clock.Now)
	inline := projections.Inline(pool)
	service, err := newCommands(c, store, inline, counts, tokens, around.clock.Now)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() error { service.Settle(); return nil })
	reader := readmodel.New(pool)
	log.Info("preparing the event store")
	if err := a.prepare(ctx, c, service, reader); err != nil {
		return nil, err
	}
	imported, err := newImports(pool, service, tokens, around.clock.Now, log)
	if err != nil {
		return nil, err
	}
	err = a.wireReactions(ctx, reactionParts{
		config: c, around: around, pool: pool, log: reading, events: events, ring: ring, service: service, projections: inline.Projections(), reader: reader,
		counts: counts, tokens: tokens, imports: imported, logger: log,
	})
	if err != nil {
		return nil, err
	}
	tracer, stopTracer, err := newTracer(ctx, c.Process)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, stopTracer)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newFeedMetrics(a.feed))
	a.server, err = amhttp.New(amhttp.Deps{
		Commands: service, Reader: reader, Tokens: tokens, Imports: imported, Freshness: a.feed.Positions(), Changes: feed.NewChanges(reading, events),
		Logger: log, Tracer: tracer, Clock: around.clock.Now, Stopwatch: time.Now, Metrics: registry, Ready: a.ready(pool), ServiceKeys: serviceKeys(c),
		Modules: modules(c), Steps: steps(c), DevMail: around.devMail, DevClock: around.devClock(),
		Projections: projectionOperations{a.feed}, Jobs: jobOperations{a.jobs.Queue},
		TrustedProxies: c.Process.TrustedProxies, AllowedOrigins: c.Process.CORSOrigins,
	})
	return a, err
}

// openDatabases connects, waits until the databases answer, and migrates them.
func (a *assembly) openDatabases(ctx context.Context, c config.Config) (*pgxpool.Pool, *keyring.Ring, error) {
	pool, err := a.openPool(ctx, c.Stores.DatabaseURL.Text())
	if err != nil {
		return nil, nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	keys := pool
	if c.Stores.KeyringDatabaseURL != c.Stores.DatabaseURL {
		if keys, err = a.openPool(ctx, c.Stores.KeyringDatabaseURL.Text()); err != nil {
			return nil, nil, fmt.Errorf("KEYRING_DATABASE_URL: %w", err)
		}
	}
	for _, database := range []*pgxpool.Pool{pool, keys} {
		if err := a.patience.wait(ctx, "Postgres", pinging(database)); err != nil {
			return nil, nil, err
		}
	}
	for _, migrate := range []func() error{
		func() error { return readmodel.Migrate(ctx, pool) },
		func() error { return jobs.Migrate(ctx, pool) },
		func() error { return keyring.Migrate(ctx, keys) },
	} {
		if err := migrate(); err != nil {
			return nil, nil, err
		}
	}
	kek, err := base64.StdEncoding.DecodeString(c.Trust.KeyringKEK.Text())
	if err != nil {
		return nil, nil, errors.New("KEYRING_KEK is not base64")
	}
	ring, err := keyring.Open(ctx, keys, kek, time.Now)
	return pool, ring, err
}

func (a *assembly) openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	settings, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("is not a Postgres URL") // pgx quotes the URL, with its password
	}
	// A plan that was made while a table was small reads all of it, and is kept while the table grows, until Postgres
	// gathers statistics again. Every query of ours has an index.
	settings.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	// Compiling a plan takes tens of milliseconds, each time, where Postgres takes a small table for a large one. No query
	// of ours works for as long.
	settings.ConnConfig.RuntimeParams["jit"] = "off"
	settings.AfterConnect = commitDurably
	settings.MaxConns, settings.MinConns = connections, connections // connections made per use cost more than the use
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() error { pool.Close(); return nil })
	return pool, nil
}

// commitDurably has commits wait for the disk, also where the server is set to forgo that: what a command wrote is not
// written again by a projector.
func commitDurably(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}

// pingTime bounds one question to a database: behind a line on which nothing comes back it would get no answer at all.
const pingTime = 5 * time.Second

func pinging(database *pgxpool.Pool) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, pingTime)
		defer cancel()
		return database.Ping(ctx)
	}
}

// newCommands makes the commands by the settings.
func newCommands(c config.Config, store commands.Store, inline commands.Inline, counts commands.Limiter, tokens *token.Tokens, now func() time.Time) (*commands.Service, error) {
	hasher, err := password.New(password.Options{
		Params: password.Params{
			MemoryKiB: c.Account.Argon2MemoryKiB, Time: c.Account.Argon2Time, Parallelism: c.Account.Argon2Parallelism,
		},
		Peppers: peppers(c, tokens), Context: serviceNames(c),
		MinLength: c.Account.PasswordMinLength, Slots: runtime.GOMAXPROCS(0), MaxWait: hashWait,
	})
	if err != nil {
		return nil, err
	}
	pepper := tokens.Key("email-claim")
	return commands.New(commands.Dependencies{
		Store: store, Inline: inline, Passwords: hasher, Limiter: counts, Clock: now,
		ClaimOf:   func(normal string) string { return email.Claim(pepper, normal) },
		ValidZone: new(zones).valid,
		Settings: commands.Settings{
			EmailVerification: c.VerifiesEmail(), VerifyTokenTTL: c.Account.VerifyTokenTTL,
			ResetTokenTTL: c.Account.ResetTokenTTL, EnumerationSafe: c.Account.EnumerationSafe,
			SessionAbsoluteTTL: c.Account.SessionAbsoluteTTL, SessionIdleTTL: c.Account.SessionIdleTTL,
			MaxBioLength: c.Profile.MaxBioLength, PictureFormats: c.Profile.AllowedPictureFormats,
			TrialDays: c.Subscription.TrialDays, TrialPlan: plan.Pro, AutoRenew: c.Subscription.AutoRenew, Currency: c.Subscription.DefaultCurrency,
			DefaultRole: c.Roles.DefaultRole,
		},
	}), nil
}

// prepare writes what the program brings along. It waits for the event store.
func (a *assembly) prepare(ctx context.Context, c config.Config, service *commands.Service, reader *readmodel.Reader) error {
	definitions, err := builtInRoles(ctx, c, reader)
	if err != nil {
		return err
	}
	err = a.patience.wait(ctx, "the event store", func(ctx context.Context) error {
		if err := service.Seed(ctx, definitions, plan.BuiltIn(c.Subscription.DefaultCurrency)); err != nil {
			return err
		}
		return service.ListAdmins(ctx, holders(reader))
	})
	if err != nil || c.Trust.BootstrapAdminEmail == "" {
		return err
	}
	address, err := email.Parse(c.Trust.BootstrapAdminEmail)
	if err != nil {
		return fmt.Errorf("BOOTSTRAP_ADMIN_EMAIL: %w", err)
	}
	err = service.BootstrapAdmin(ctx, commands.Registration{
		Email: address.Text, EmailNormal: address.Normal, Password: c.Trust.BootstrapAdminPassword.Text(),
	})
	if err != nil {
		return fmt.Errorf("the first administrator: %w", err)
	}
	return nil
}

// reactionParts are what reactions to events are made of.
type reactionParts struct {
	config      config.Config
	around      surroundings
	pool        *pgxpool.Pool
	log         feed.Log
	events      *codec.Codec
	ring        *keyring.Ring
	service     *commands.Service
	projections []projections.Projection
	reader      *readmodel.Reader
	counts      *limiter.Limiter
	tokens      *token.Tokens
	imports     *imports.Imports
	logger      *slog.Logger
}

// wireReactions makes what follows events: projections, the sagas, jobs.
func (a *assembly) wireReactions(ctx context.Context, p reactionParts) error {
	queue, err := jobs.NewQueue(p.pool)
	if err != nil {
		return err
	}
	onboarding := sagas.NewOnboarding(p.service, queue, wantedSteps(p.config), p.logger)
	effects, err := newEffects(p.config, p.service, p.tokens, p.around.clock.Now)
	if err != nil {
		return err
	}
	now := p.around.clock.Now
	ports := jobs.Ports{
		Effects: effects, Steps: onboarding,
		Reaper:  upkeep{sagas.NewReaper(p.service, orphans{p.reader, p.imports}, claimTTL, now), p.reader, p.counts, p.imports, now},
		Imports: p.imports,
		Closing: sagas.NewCloser(p.service, shredder{p.ring, projections.NewRedactor(p.pool)}),
	}
	if p.config.Modules.Subscription {
		ports.Subscriptions = sagas.NewTimer(p.service, dueSubscriptions{p.reader}, now)
	}
	a.jobs, err = jobs.New(p.pool, ports, jobs.Options{Logger: p.logger, Now: time.Now, Alone: p.around.alone})
	if err != nil {
		return err
	}
	notices := sagas.NewNotices(queue, p.ring, sagas.Audience{Mail: p.config.Modules.EmailService, Tokens: p.config.TellsTokenService()})
	var consumers []feed.Consumer
	if p.config.Modules.AccountManagement {
		imported := sagas.NewImportedOnboarding(p.service, queue, wantedSteps(p.config), p.logger)
		consumers = append(consumers, feed.Consumer{Projection: onboarding}, feed.Consumer{Projection: imported},
			feed.Consumer{Projection: notices}, feed.Consumer{Projection: sagas.NewClosing(queue)})
	}
	for _, projection := range p.projections {
		consumers = append(consumers, feed.Consumer{Projection: projection})
	}
	owner := "" // made up: other instances may run beside this one
	if p.around.alone {
		owner = "alone" // it need not wait for the lease of the process before it
	}
	a.feed, err = feed.New(ctx, feed.Options{
		Log: p.log, Decoder: p.events, Pool: p.pool, Consumers: consumers, Owner: owner, Logger: p.logger,
	})
	return err
}
