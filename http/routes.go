package http

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/domain/subscription"
	"am-user-management/internal/limiter"
	hashing "am-user-management/internal/password"
	"am-user-management/readmodel"
)

// Listener is one of the two addresses that the service listens on.
type Listener string

// The listeners.
const (
	Public   Listener = "public"
	Internal Listener = "internal"
)

// Module is a part of the service that an operator can switch off, with its routes.
type Module string

// The modules with routes. Core is always on.
const (
	Core         Module = "core"
	Account      Module = "account"
	Profile      Module = "profile"
	Subscription Module = "subscription"
	Roles        Module = "roles"
)

// Route is one line of the service's contract. Both listeners are built from the one list of routes, and so is
// whatever must agree with them.
type Route struct {
	Listener Listener
	Method   string
	Path     string // as echo spells it: ":id" is a parameter
	Auth     Auth
	// Permission is what the roles of the session's user must permit, "resource:action"; "" asks for no role.
	Permission string
	Module     Module
	// Summary says in a line what the route is for.
	Summary string
	// Body is a zero value of what the JSON body is bound to; nil if the route takes none.
	Body any
	// BodyOptional tells that the body may be left out, which means an empty object.
	BodyOptional bool
	// Lines tells that the body is many of them, one a line (NDJSON), and much longer than others may be.
	Lines bool
	// Query lists the parameters that the route takes in its query, and is what others are refused by.
	Query []Parameter
	// AnyQuery tells that the route overlooks what it does not declare: people and probes come there by addresses to
	// which mailers, browsers and monitors add what they like.
	AnyQuery bool
	// Status is that of success, and Answer a zero value of its JSON body; nil if it has none.
	Status int
	Answer any
	// Otherwise is a status of bad news under which the route answers the same; 0 if there is none.
	Otherwise int
	// Media is the content type of an answer that is not JSON.
	Media string
	// Reads is the projection whose view the route reads; such routes take a Consistency-Token.
	Reads string
	// IfMatch tells that the route changes one resource, and heeds the precondition of that name.
	IfMatch bool
	// Provisioned is the rule by which the route says no where a saga has not made yet what it changes. It waits for that.
	Provisioned *domain.Error
	// Asks tells that the route writes no event although it is no GET; sending it again does no harm, and so it takes no
	// Idempotency-Key.
	Asks bool
	// Event is what the security log calls the route; "" keeps it out of there.
	Event string
	// Problems are the rules that the route itself may say no by; nil is any of its module. Those that follow from what
	// it takes are not named.
	Problems []*domain.Error

	handle func(ctx context.Context, c *call) error
	// patience is how long the handler may wait by itself, on top of the deadline of every request.
	patience time.Duration
	// authenticates tells that the handler authenticates by itself, in the query that it needs anyway.
	authenticates bool
	// resolves tells that the handler needs the caller's permissions, though the route asks for none.
	resolves bool
}

// Parameter is one parameter of a query.
type Parameter struct {
	Name string
	// About says in a line what it is for.
	About string
	// Kind is a zero value of the type that it is read as. A list may be given item by item, anything else once.
	Kind any
}

func (p Parameter) list() bool { return reflect.TypeOf(p.Kind).Kind() == reflect.Slice }

// Routes lists the routes of the modules that are switched on.
func (s *Server) Routes() []Route {
	var enabled []Route
	for _, route := range s.allRoutes() {
		if s.modules[route.Module] {
			enabled = append(enabled, route)
		}
	}
	return enabled
}

// allRoutes is the list.
func (s *Server) allRoutes() []Route {
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	const html = "text/html"
	const ok, created, accepted, none = http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent
	return []Route{
		{
			Listener: Public, Method: get, Path: "/openapi.json", Auth: Anonymous, Module: Core,
			Summary: "This document", Status: ok, Answer: map[string]any{}, handle: s.openAPI,
		},
		{
			Listener: Public, Method: get, Path: "/docs", Auth: Anonymous, Module: Core,
			Summary: "This document, to look through and to try", AnyQuery: true, Status: ok, Media: html, handle: s.docs,
		},
		{
			Listener: Public, Method: post, Path: "/users", Auth: Anonymous, Module: Account,
			Summary: "Sign up", Event: "sign_up", Body: signUp{}, Status: created, Answer: newUser{},
			Problems: []*domain.Error{account.ErrAlreadyExists, account.ErrRegistrationExpired, hashing.ErrBusy, limiter.ErrLocked, limiter.ErrSource, limiter.ErrUnreachable},
			handle:   s.signUp,
		},
		{
			Listener: Public, Method: get, Path: "/verify-email", Auth: Anonymous, Module: Account,
			Summary: "The page that the link in the verification mail opens", Query: []Parameter{mailedToken}, AnyQuery: true, Status: ok, Media: html,
			handle: s.verificationPage,
		},
		{
			Listener: Public, Method: post, Path: "/verify-email", Auth: Anonymous, Module: Account,
			Summary: "Prove an e-mail address by the token that was mailed to it", Event: "email_verification", Body: verification{}, Status: none,
			Problems: []*domain.Error{account.ErrTokenInvalid, account.ErrTokenExpired, account.ErrTokenUsed}, handle: s.verifyEmail,
		},
		{
			Listener: Public, Method: post, Path: "/verify-email/resend", Auth: Anonymous, Module: Account,
			Summary: "Ask for another verification mail", Body: address{}, Status: accepted,
			Problems: []*domain.Error{limiter.ErrLocked, limiter.ErrSource, limiter.ErrUnreachable}, handle: s.resendVerification,
		},
		{
			Listener: Public, Method: post, Path: "/reset-password", Auth: Anonymous, Module: Account,
			Summary: "Ask for a mail that a new password can be chosen by", Event: "password_reset_request", Body: address{}, Status: accepted, handle: s.requestReset,
		},
		{
			Listener: Public, Method: get, Path: "/reset-password", Auth: Anonymous, Module: Account,
			Summary: "The page that the link in that mail opens", Query: []Parameter{mailedToken}, AnyQuery: true, Status: ok, Media: html, handle: s.resetPage,
		},
		{
			Listener: Public, Method: post, Path: "/reset-password/confirm", Auth: Anonymous, Module: Account,
			Summary: "Choose a new password by the token that was mailed; every session ends", Event: "password_reset", Body: passwordReset{}, Status: none,
			handle: s.confirmReset,
		},
		{
			Listener: Public, Method: post, Path: "/login", Auth: Anonymous, Module: Account,
			Summary: "Start a session", Event: "login", Body: login{}, Status: ok, Answer: newSession{},
			Problems: []*domain.Error{
				account.ErrInvalidCredentials, account.ErrEmailNotVerified, account.ErrInactive, hashing.ErrBusy,
				limiter.ErrLocked, limiter.ErrSource, limiter.ErrUnreachable,
			}, handle: s.login,
		},
		{
			Listener: Public, Method: post, Path: "/logout", Auth: Session, Module: Account,
			Summary: "End this session", Event: "logout", Status: none, handle: s.logout,
		},
		{
			Listener: Public, Method: get, Path: "/users/me", Auth: Session, Module: Account, authenticates: true,
			Summary: "One's own account", Status: ok, Answer: readmodel.Account{}, Reads: accounts,
			Problems: []*domain.Error{account.ErrNotFound}, handle: s.ownAccount,
		},
		{
			Listener: Public, Method: post, Path: "/users/me/password", Auth: Session, Module: Account,
			Summary: "Change one's own password; every other session ends", Event: "password_change", Body: passwordChange{}, Status: none, IfMatch: true, handle: s.changePassword,
		},
		{
			Listener: Public, Method: get, Path: "/users/me/onboarding", Auth: Session, Module: Account,
			Summary: "How far the steps after the sign-up are", Status: ok, Answer: readmodel.Onboarding{}, Reads: onboarding,
			handle: s.ownOnboarding,
		},
		{
			Listener: Public, Method: post, Path: "/users/me/email", Auth: Session, Module: Account,
			Summary: "Ask for another e-mail address; it counts once it is proven", Event: "email_change", Body: emailChange{}, Status: accepted, IfMatch: true, handle: s.changeEmail,
		},
		{
			Listener: Public, Method: del, Path: "/users/me", Auth: Session, Module: Account,
			Summary: "Erase one's own account and all that is known of oneself", Event: "erasure", Body: proof{}, Status: accepted, Answer: erasing{},
			IfMatch: true, handle: s.eraseSelf,
		},
		{
			Listener: Public, Method: get, Path: "/erasures/:id", Auth: Anonymous, Module: Account,
			Summary: "How far an erasure is", Status: ok, Answer: erasure{},
			Problems: []*domain.Error{errNoErasure}, handle: s.erasureStatus,
		},
		{
			Listener: Public, Method: post, Path: "/admin/users", Auth: Session, Permission: "user:create", Module: Account,
			Summary: "Make an account for somebody", Event: "account_creation", Body: createUser{}, Status: created, Answer: newUser{}, handle: s.createUser,
		},
		{
			Listener: Public, Method: post, Path: "/users/:id/deactivate", Auth: Session, Permission: "user:manage", Module: Account,
			Summary: "Close an account and end its sessions", Event: "deactivation", Body: reason{}, BodyOptional: true, Status: ok, Answer: readmodel.Account{},
			IfMatch: true, handle: s.deactivateUser,
		},
		{
			Listener: Public, Method: post, Path: "/users/:id/reactivate", Auth: Session, Permission: "user:manage", Module: Account,
			Summary: "Open a deactivated account again", Event: "reactivation", Body: reason{}, BodyOptional: true, Status: ok, Answer: readmodel.Account{},
			IfMatch: true, handle: s.reactivateUser,
		},
		{
			Listener: Public, Method: post, Path: "/users/:id/unlock", Auth: Session, Permission: "user:manage", Module: Account,
			Summary: "End the locks of an account", Event: "unlocking", Body: reason{}, BodyOptional: true, Status: ok, Answer: readmodel.Account{}, IfMatch: true, handle: s.unlockUser,
		},
		{
			Listener: Public, Method: del, Path: "/users/:id", Auth: Session, Permission: "user:erase", Module: Account,
			Summary: "Erase an account and all that is known of its user", Event: "erasure", Body: reason{}, BodyOptional: true, Status: accepted, Answer: erasing{},
			IfMatch: true, handle: s.eraseUser,
		},
		{
			Listener: Public, Method: get, Path: "/sessions", Auth: Session, Module: Account,
			Summary: "One's own sessions, the newest first", Query: pageParameters(), Status: ok, Answer: page[readmodel.Session]{},
			Reads: sessions, handle: s.ownSessions,
		},
		{
			Listener: Public, Method: del, Path: "/sessions", Auth: Session, Module: Account,
			Summary: "End all of one's own sessions but this one", Event: "session_end", Status: none, IfMatch: true, handle: s.endOtherSessions,
		},
		{
			Listener: Public, Method: del, Path: "/sessions/:id", Auth: Session, Module: Account,
			Summary: "End one of one's own sessions", Event: "session_end", Status: none, IfMatch: true, handle: s.endSession,
		},
		{
			Listener: Public, Method: get, Path: "/users/:id/sessions", Auth: Session, Permission: "user:manage", Module: Account,
			Summary: "A user's sessions, the newest first", Query: pageParameters(), Status: ok, Answer: page[readmodel.Session]{},
			Reads: sessions, handle: s.usersSessions,
		},
		{
			Listener: Public, Method: del, Path: "/users/:id/sessions", Auth: Session, Permission: "user:manage", Module: Account,
			Summary: "End all sessions of a user", Event: "session_end", Status: none, IfMatch: true, handle: s.endUsersSessions,
		},
		{
			Listener: Public, Method: get, Path: "/profile", Auth: Session, Module: Profile, authenticates: true,
			Summary: "One's own profile", Status: ok, Answer: readmodel.Profile{}, Reads: profiles,
			Problems: []*domain.Error{profile.ErrNotFound}, handle: s.ownProfile,
		},
		{
			Listener: Public, Method: patch, Path: "/profile", Auth: Session, Module: Profile,
			Summary: "Change one's own profile by a merge patch", Body: profilePatch{}, Status: ok, Answer: readmodel.Profile{},
			IfMatch: true, Problems: []*domain.Error{profile.ErrNotFound}, Provisioned: profile.ErrNotFound, handle: s.updateProfile,
		},
		{
			Listener: Public, Method: get, Path: "/subscription", Auth: Session, Module: Subscription,
			Summary: "One's own subscription", Status: ok, Answer: readmodel.Subscription{}, Reads: subscriptions,
			Problems: []*domain.Error{subscription.ErrNotFound}, handle: s.ownSubscription,
		},
		{
			Listener: Public, Method: patch, Path: "/subscription", Auth: Session, Module: Subscription,
			Summary: "Choose whether one's own subscription renews itself", Body: subscriptionPatch{}, Status: ok,
			Answer: readmodel.Subscription{}, IfMatch: true, Provisioned: subscription.ErrNotFound, handle: s.patchSubscription,
		},
		{
			Listener: Public, Method: post, Path: "/subscription/trial", Auth: Session, Module: Subscription,
			Summary: "Start one's own trial, where the sign-up started none", Status: ok, Answer: readmodel.Subscription{},
			IfMatch: true, Provisioned: subscription.ErrNotFound, handle: s.startTrial,
		},
		{
			Listener: Public, Method: post, Path: "/subscription/upgrade", Auth: Session, Module: Subscription,
			Summary: "Move to a higher plan at once, or begin a subscription", Body: upgradeTo{}, Status: ok,
			Answer: readmodel.Subscription{}, IfMatch: true, Provisioned: subscription.ErrNotFound, handle: s.upgradePlan,
		},
		{
			Listener: Public, Method: post, Path: "/subscription/downgrade", Auth: Session, Module: Subscription,
			Summary: "Move to a lower plan at the end of the period", Body: downgradeTo{}, Status: ok,
			Answer: readmodel.Subscription{}, IfMatch: true, Provisioned: subscription.ErrNotFound, handle: s.downgradePlan,
		},
		{
			Listener: Public, Method: post, Path: "/subscription/cancel", Auth: Session, Module: Subscription,
			Summary: "End one's own subscription with its period, or at once", Body: cancellation{}, BodyOptional: true, Status: ok,
			Answer: readmodel.Subscription{}, IfMatch: true, Provisioned: subscription.ErrNotFound, handle: s.cancelSubscription,
		},
		{
			Listener: Public, Method: post, Path: "/subscription/resume", Auth: Session, Module: Subscription,
			Summary: "Take back a cancellation or a downgrade that has not happened yet", Status: ok, Answer: readmodel.Subscription{},
			IfMatch: true, Provisioned: subscription.ErrNotFound, handle: s.resumeSubscription,
		},
		{
			Listener: Public, Method: get, Path: "/plans", Auth: Anonymous, Module: Subscription,
			Summary: "All plans, the lowest rank first", Query: pageParameters(), Status: ok, Answer: page[readmodel.Plan]{}, Reads: plans, handle: s.listPlans,
		},
		{
			Listener: Public, Method: put, Path: "/plans/:id", Auth: Session, Permission: "plan:manage", Module: Subscription,
			Summary: "Say what a plan is from now on", Event: "plan_definition", Body: planDefinition{}, Status: ok, Answer: readmodel.Plan{}, IfMatch: true, handle: s.definePlan,
		},
		{
			Listener: Public, Method: get, Path: "/projections", Auth: Session, Permission: "ops:read", Module: Core,
			Summary: "How far the views are, and what holds them up", Query: pageParameters(), Status: ok, Answer: page[projection]{}, handle: s.listProjections,
		},
		{
			Listener: Public, Method: post, Path: "/projections/:name/retry", Auth: Session, Permission: "ops:manage", Module: Core,
			Summary: "Let a halted view try its event again", Event: "projection_retry", Asks: true, Status: none,
			Problems: []*domain.Error{ErrNoProjection, ErrNotHalted}, handle: s.retryProjection,
		},
		{
			Listener: Public, Method: post, Path: "/projections/:name/skip", Auth: Session, Permission: "ops:manage", Module: Core,
			Summary: "Let a halted view go on without its event", Event: "projection_skip", Asks: true, Body: halted{}, Status: none,
			Problems: []*domain.Error{ErrNoProjection, ErrNotHalted}, handle: s.skipEvent,
		},
		{
			Listener: Public, Method: post, Path: "/projections/:name/park", Auth: Session, Permission: "ops:manage", Module: Core,
			Summary: "Let a halted view leave the stream of its event alone, until it is rebuilt", Event: "projection_park", Asks: true,
			Body: halted{}, Status: none, Problems: []*domain.Error{ErrNoProjection, ErrNotHalted}, handle: s.parkStream,
		},
		{
			Listener: Public, Method: post, Path: "/projections/:name/rebuild", Auth: Session, Permission: "ops:manage", Module: Core,
			Summary: "Make a view anew from the log, while it is read, and put right what differs", Event: "projection_rebuild", Asks: true,
			Status: accepted, Problems: []*domain.Error{ErrNoProjection, ErrNotRebuildable, ErrRebuilding}, handle: s.rebuildProjection,
		},
		{
			Listener: Public, Method: get, Path: "/jobs", Auth: Session, Permission: "ops:read", Module: Core,
			Summary: "Mails and calls of other services, the oldest first",
			Query:   pageParameters(Parameter{Name: "state", About: "Only jobs that stand there; discarded and cancelled ones are given up.", Kind: ""}),
			Status:  ok, Answer: page[Job]{}, handle: s.listJobs,
		},
		{
			Listener: Public, Method: post, Path: "/jobs/:id/retry", Auth: Session, Permission: "ops:manage", Module: Core,
			Summary: "Try a job again at once", Event: "job_retry", Asks: true, Status: ok, Answer: Job{},
			Problems: []*domain.Error{ErrNoJob, ErrJobDone}, handle: s.retryJob,
		},
		{
			Listener: Public, Method: post, Path: "/imports", Auth: Session, Permission: "user:import", Module: Account,
			Summary: "Import up to 10,000 users who have a password elsewhere, one a line", Event: "import", Body: importRow{}, Lines: true,
			Status: accepted, Answer: newImport{}, handle: s.startImport, patience: linesPatience,
		},
		{
			Listener: Public, Method: get, Path: "/imports/:id", Auth: Session, Permission: "user:import", Module: Account,
			Summary: "How far an import is, and what came of each row", Query: pageParameters(importStatus),
			Status: ok, Answer: importProgress{}, handle: s.importProgress,
		},
		{
			Listener: Public, Method: get, Path: "/roles", Auth: Session, Permission: "role:read", Module: Roles,
			Summary: "All roles, by name", Query: pageParameters(), Status: ok, Answer: page[readmodel.Role]{}, Reads: roleTable, handle: s.listRoles,
		},
		{
			Listener: Public, Method: put, Path: "/roles/:name", Auth: Session, Permission: "role:manage", Module: Roles,
			Summary: "Say what a role is: all of it", Event: "role_definition", Body: roleDefinition{}, Status: ok, Answer: readmodel.Role{}, IfMatch: true, handle: s.defineRole,
		},
		{
			Listener: Public, Method: del, Path: "/roles/:name", Auth: Session, Permission: "role:manage", Module: Roles,
			Summary: "End a role for all who hold it", Event: "role_deletion", Status: none, IfMatch: true, handle: s.deleteRole,
		},
		{
			Listener: Public, Method: get, Path: "/users/:id/roles", Auth: Session, Permission: "role:read", Module: Roles,
			Summary: "The roles of a user, by name", Query: pageParameters(), Status: ok, Answer: page[readmodel.Grant]{}, Reads: accessTable, handle: s.userRoles,
		},
		{
			Listener: Public, Method: post, Path: "/users/:id/roles", Auth: Session, Permission: "role:assign", Module: Roles,
			Summary: "Give a role to a user, for good or for a while", Event: "role_assignment", Body: roleGrant{}, Status: ok, Answer: grantList{}, IfMatch: true, handle: s.grantRole,
		},
		{
			Listener: Public, Method: del, Path: "/users/:id/roles/:role", Auth: Session, Permission: "role:assign", Module: Roles,
			Summary: "Take a role from a user", Event: "role_revocation", Status: none, IfMatch: true, handle: s.revokeRole,
		},
		{
			Listener: Public, Method: post, Path: "/permissions/check", Auth: Session, Module: Roles, resolves: true,
			Summary: "Whether somebody may do something, and by which roles; about others with permission:check only",
			Body:    permissionCheck{}, Status: ok, Answer: permissionAnswer{}, Asks: true, handle: s.checkPermission,
		},
		{
			Listener: Public, Method: get, Path: "/users", Auth: Session, Permission: "user:list", Module: Account,
			Summary: "All users, the newest first; with a prefix, those whose name begins with it, by name, then those of whom only the e-mail " +
				"address does, by address. " +
				"A page that has looked through 200 users for those that pass the filters ends there: it may have fewer than the " +
				"limit, or none, and be followed by others. Only the last page has no next_cursor",
			Query: userParameters(), Status: ok, Answer: page[readmodel.User]{}, Reads: users, handle: s.listUsers,
		},
		{
			Listener: Public, Method: get, Path: "/users/:id", Auth: Session, Permission: "user:read", Module: Account,
			Summary: "Anybody's account", Status: ok, Answer: readmodel.Account{}, Reads: accounts, handle: s.account,
		},
		{
			Listener: Public, Method: get, Path: "/users/:id/profile", Auth: Session, Permission: "user:read", Module: Profile,
			Summary: "Anybody's profile", Status: ok, Answer: readmodel.Profile{}, Reads: profiles, handle: s.profile,
		},

		{
			Listener: Internal, Method: post, Path: "/internal/v1/permissions/check", Auth: ServiceKey, Module: Roles,
			Summary: "Whether a user may do something, and by which roles", Body: permissionCheck{}, Status: ok, Answer: permissionAnswer{},
			Asks: true, handle: s.checkAnyPermission,
		},
		{
			Listener: Internal, Method: post, Path: "/internal/v1/sessions/introspect", Auth: ServiceKey, Module: Account,
			Summary: "Whose session it is, until when, and what they may do", Body: introspection{}, Status: ok, Answer: introspected{},
			Asks: true, handle: s.introspectSession,
		},
		{
			Listener: Internal, Method: get, Path: "/internal/v1/users/:id", Auth: ServiceKey, Module: Account,
			Summary: "An account by contract v1", Status: ok, Answer: readmodel.AccountV1{}, Reads: accounts,
			Problems: []*domain.Error{account.ErrNotFound}, handle: s.accountV1,
		},
		{
			Listener: Internal, Method: get, Path: "/internal/v1/users/:id/profile", Auth: ServiceKey, Module: Profile,
			Summary: "A profile by contract v1", Status: ok, Answer: readmodel.ProfileV1{}, Reads: profiles,
			Problems: []*domain.Error{profile.ErrNotFound}, handle: s.profileV1,
		},
		{
			Listener: Internal, Method: get, Path: "/openapi.json", Auth: Anonymous, Module: Core,
			Summary: "This document", Status: ok, Answer: map[string]any{}, handle: s.openAPI,
		},
		{
			Listener: Internal, Method: get, Path: "/docs", Auth: Anonymous, Module: Core,
			Summary: "This document, to look through and to try", AnyQuery: true, Status: ok, Media: html, handle: s.docs,
		},
		{
			Listener: Internal, Method: get, Path: "/internal/v1/events", Auth: ServiceKey, Module: Core,
			Summary: "All changes in the order in which they happened, resumable", Status: ok, Answer: changeList{},
			Query: []Parameter{
				{Name: "after", About: "The next_cursor that was answered last, or a Consistency-Token; from the beginning without.", Kind: ""},
				{Name: "types", About: "Event types or their beginnings, separated by commas; all without.", Kind: ""},
				{Name: "limit", About: "How many events at most: 1 to 200, 50 unless given.", Kind: 0},
				{Name: "wait", About: "How many seconds to wait for an event where there is none yet: 0 to 10.", Kind: 0},
			},
			handle: s.listChanges, patience: longestWait,
		},
		{
			Listener: Internal, Method: get, Path: "/healthz", Auth: Anonymous, Module: Core,
			Summary: "Whether the process is alive", AnyQuery: true, Status: ok, Answer: health{}, handle: s.healthz,
		},
		{
			Listener: Internal, Method: get, Path: "/readyz", Auth: Anonymous, Module: Core,
			Summary: "Whether to send requests here, and if not, why", AnyQuery: true, Status: ok, Answer: health{}, Otherwise: http.StatusServiceUnavailable, handle: s.readyz,
		},
		{
			Listener: Internal, Method: get, Path: "/metrics", Auth: Anonymous, Module: Core,
			Summary: "Metrics for Prometheus", Query: []Parameter{metricName}, AnyQuery: true, Status: ok, Media: "text/plain", handle: s.metrics,
		},
	}
}

// mailedToken is what links in mails carry.
var mailedToken = Parameter{Name: "token", About: "The token of the mail; the page reads it, opening it changes nothing.", Kind: ""}

// metricName is what the exposition of Prometheus reads by itself.
var metricName = Parameter{Name: "name[]", About: "Only metrics of these names; all without.", Kind: []string{}}

// The projections that routes read, by the names the feed knows them by.
const (
	accounts      = "accounts"
	profiles      = "profiles"
	subscriptions = "subscriptions"
	plans         = "plans"
	sessions      = "sessions"
	onboarding    = "onboarding"
	roleTable     = "roles"
	accessTable   = "access"
	users         = "users"
)
