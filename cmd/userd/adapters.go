package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/commands"
	"am-user-management/commands/sagas"
	"am-user-management/domain"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/roles"
	amhttp "am-user-management/http"
	"am-user-management/internal/config"
	"am-user-management/internal/imports"
	"am-user-management/internal/jobs"
	"am-user-management/internal/mail"
	"am-user-management/internal/password"
	"am-user-management/internal/token"
	"am-user-management/internal/tokenservice"
	"am-user-management/readmodel"
)

// newEffects makes what leaves the process: mail and calls of the token service.
func newEffects(c config.Config, service *commands.Service, tokens *token.Tokens, now func() time.Time) (*sagas.Effects, error) {
	mailer, err := newMailer(c, tokens)
	if err != nil {
		return nil, err
	}
	var teller sagas.TokenService = nobody{}
	if c.TellsTokenService() {
		client, err := tokenservice.New(tokenservice.Options{URL: c.TokenService.URL, Key: c.TokenService.Key.Text()})
		if err != nil {
			return nil, err
		}
		teller = tokenTeller{client}
	}
	return sagas.NewEffects(service, mailer, teller, now), nil
}

func newMailer(c config.Config, tokens *token.Tokens) (sagas.Mailer, error) {
	if !c.Modules.EmailService {
		return nobody{}, nil
	}
	server, err := mail.ParseURL(c.Mail.SMTPURL.Text())
	if err != nil {
		return nil, err
	}
	sender, err := mail.NewSender(mail.SenderOptions{Server: server, From: c.Mail.From, Now: time.Now})
	if err != nil {
		return nil, err
	}
	templates, err := mail.NewTemplates(c.Process.PublicURL)
	if err != nil {
		return nil, err
	}
	return mailer{sender, templates, tokens}, nil
}

// mailer writes and sends mails; the tokens in them are made here and kept nowhere.
type mailer struct {
	sender    *mail.Sender
	templates *mail.Templates
	tokens    *token.Tokens
}

// Send writes a mail and hands it over.
func (m mailer) Send(ctx context.Context, wanted sagas.Mail) error {
	letter := mail.Letter{Name: string(wanted.Template), ExpiresAt: wanted.ExpiresAt, At: wanted.At}
	var purpose string
	switch wanted.Template {
	case sagas.VerifyEmail:
		letter.Page, purpose = "verify-email", amhttp.VerifyEmailToken
	case sagas.ResetPassword:
		letter.Page, purpose = "reset-password", amhttp.ResetPasswordToken
	case sagas.EmailChangeConfirm:
		letter.Page, purpose = "verify-email", amhttp.ChangeEmailToken
	case sagas.PasswordChanged, sagas.ExistingAccount, sagas.EmailChangeNotice, sagas.EmailChanged: // these ask for nothing
	}
	if purpose != "" {
		letter.Token = m.tokens.Issue(purpose, wanted.User, wanted.Request)
	}
	content, err := m.templates.Write(wanted.Locale, letter)
	if err != nil {
		return err
	}
	return m.sender.Send(ctx, mail.Message{Effect: wanted.Effect, To: wanted.To, Content: content})
}

// tokenTeller tells the token service.
type tokenTeller struct{ client *tokenservice.Client }

// UserCreated tells about a new user.
func (t tokenTeller) UserCreated(ctx context.Context, effect, user domain.ID) error {
	return t.client.Issue(ctx, effect, user, "user_created")
}

// TokensRevoked tells that a user's tokens are void.
func (t tokenTeller) TokensRevoked(ctx context.Context, effect, user domain.ID, reason string) error {
	return t.client.Revoke(ctx, effect, user, reason)
}

// nobody stands where a module is switched off. Its jobs are those of a time when it was on.
type nobody struct{}

var errSwitchedOff = errors.New("this module is switched off")

// Send refuses.
func (nobody) Send(context.Context, sagas.Mail) error { return errSwitchedOff }

// UserCreated refuses.
func (nobody) UserCreated(context.Context, domain.ID, domain.ID) error { return errSwitchedOff }

// TokensRevoked refuses.
func (nobody) TokensRevoked(context.Context, domain.ID, domain.ID, string) error {
	return errSwitchedOff
}

// newImports makes what takes imports of users in and carries them out.
func newImports(pool *pgxpool.Pool, service *commands.Service, tokens *token.Tokens, now func() time.Time, log *slog.Logger) (*imports.Imports, error) {
	queue, err := jobs.NewQueue(pool)
	if err != nil {
		return nil, err
	}
	return imports.New(imports.Options{
		Pool: pool, Queue: queue, Importer: service, Key: tokens.Key("import-rows"), Clock: now, Logger: log,
	})
}

// orphans finds claims for the reaper.
type orphans struct {
	reader  *readmodel.Reader
	imports *imports.Imports
}

// OrphanClaims lists claims without an account. Claims of an import have its time; those of one that is not done, however
// old it is, are waited for.
func (o orphans) OrphanClaims(ctx context.Context, before time.Time, limit int) ([]sagas.OrphanClaim, error) {
	unfinished, some, err := o.imports.OldestUnfinished(ctx)
	if err != nil {
		return nil, err
	}
	if some && unfinished.Before(before) {
		before = unfinished
	}
	found, err := o.reader.OrphanClaims(ctx, before, limit)
	if err != nil {
		return nil, err
	}
	claims := make([]sagas.OrphanClaim, len(found))
	for i, claim := range found {
		claims[i] = sagas.OrphanClaim{Key: claim.Key, Owner: domain.ID(claim.Owner)}
	}
	return claims, nil
}

// peppers are those of the settings, and that of the server's secret: hashes of a time without settings stay provable.
func peppers(c config.Config, tokens *token.Tokens) []password.Pepper {
	var all []password.Pepper
	for _, pepper := range c.Trust.PasswordPeppers {
		all = append(all, password.Pepper{ID: pepper.ID, Key: pepper.Key})
	}
	return append(all, password.Pepper{ID: password.ServerPepperID, Key: tokens.Key(password.ServerPepperLabel)})
}

// serviceNames are what the service is called: nobody may choose them as a password.
func serviceNames(c config.Config) []string {
	names := []string{c.Process.OTelServiceName, "am-user-management", "user management"}
	if public, err := url.Parse(c.Process.PublicURL); err == nil {
		names = append(append(names, public.Hostname()), strings.Split(public.Hostname(), ".")...)
	}
	return names
}

// dueSubscriptions finds due subscriptions for the timer.
type dueSubscriptions struct{ reader *readmodel.Reader }

// DueSubscriptions lists them in the order in which they became due.
func (d dueSubscriptions) DueSubscriptions(ctx context.Context, now time.Time, after sagas.DueSubscription, limit int) ([]sagas.DueSubscription, error) {
	found, err := d.reader.DueSubscriptions(ctx, now, readmodel.DueSubscription{UserID: uuid.UUID(after.User), DueAt: after.DueAt}, limit)
	if err != nil {
		return nil, err
	}
	due := make([]sagas.DueSubscription, len(found))
	for i, one := range found {
		due[i] = sagas.DueSubscription{User: domain.ID(one.UserID), Revision: one.Revision, DueAt: one.DueAt}
	}
	return due, nil
}

func serviceKeys(c config.Config) map[string]string {
	keys := make(map[string]string, len(c.Trust.InternalAPIKeys))
	for _, key := range c.Trust.InternalAPIKeys {
		keys[key.Name] = key.Key.Text()
	}
	return keys
}

func modules(c config.Config) []amhttp.Module {
	var on []amhttp.Module
	for module, enabled := range map[amhttp.Module]bool{
		amhttp.Account: c.Modules.AccountManagement, amhttp.Profile: c.Modules.UserProfile,
		amhttp.Subscription: c.Modules.Subscription, amhttp.Roles: c.Modules.PermissionsRoles,
	} {
		if enabled {
			on = append(on, module)
		}
	}
	return on
}

// wantedSteps are the steps of onboarding that this configuration does.
func wantedSteps(c config.Config) sagas.Steps {
	return sagas.Steps{
		Trial: c.Modules.Subscription, Profile: c.Modules.UserProfile, Role: c.Modules.PermissionsRoles,
		Mail: c.VerifiesEmail(), Token: c.TellsTokenService(),
	}
}

// steps are wantedSteps by their names.
func steps(c config.Config) []string {
	wanted := wantedSteps(c)
	var names []string
	for step, done := range map[onboarding.Step]bool{
		onboarding.Trial: wanted.Trial, onboarding.Profile: wanted.Profile, onboarding.Role: wanted.Role,
		onboarding.Mail: wanted.Mail, onboarding.Token: wanted.Token,
	} {
		if done {
			names = append(names, string(step))
		}
	}
	return names
}

// builtInRoles are the program's definitions by the settings. A role that only earlier settings named permits nothing now.
func builtInRoles(ctx context.Context, c config.Config, reader *readmodel.Reader) ([]roles.Define, error) {
	definitions := roles.BuiltIn(c.Roles.Hierarchy)
	before, err := reader.Roles(ctx)
	if err != nil {
		return nil, err
	}
	for _, role := range before {
		named := slices.ContainsFunc(definitions, func(d roles.Define) bool { return d.Name == role.Name })
		if role.BuiltIn && !named {
			definitions = append(definitions, roles.Define{Name: role.Name, BuiltIn: true})
		}
	}
	return definitions, nil
}

// holders finds the users who may be administrators.
func holders(reader *readmodel.Reader) func(context.Context) ([]domain.ID, error) {
	return func(ctx context.Context) ([]domain.ID, error) {
		found, err := reader.Holders(ctx, roles.Admin)
		if err != nil {
			return nil, err
		}
		users := make([]domain.ID, len(found))
		for i, user := range found {
			users[i] = domain.ID(user)
		}
		return users, nil
	}
}

// shortHash names a folder where its path is too long.
func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
