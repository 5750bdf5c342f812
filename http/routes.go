package http

import (
	"context"
	"net/http"
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
)

// Route is one line of the service's contract. Both listeners are built from the one list of routes, and so is
// whatever must agree with them.
type Route struct {
	Listener Listener
	Method   string
	Path     string // as echo spells it: ":id" is a parameter
	Auth     Auth
	Module   Module
	// Body is a zero value of what the JSON body is bound to; nil if the route takes none.
	Body any
	// Reads is the projection whose view the route reads; such routes take a Consistency-Token.
	Reads string

	handle func(ctx context.Context, c *call) error
	// authenticates tells that the handler authenticates by itself, in the query that it needs anyway.
	authenticates bool
}

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
	const get, post, patch = http.MethodGet, http.MethodPost, http.MethodPatch
	return []Route{
		{Listener: Public, Method: post, Path: "/users", Auth: Anonymous, Module: Account, Body: signUp{}, handle: s.signUp},
		{Listener: Public, Method: get, Path: "/verify-email", Auth: Anonymous, Module: Account, handle: s.verificationPage},
		{Listener: Public, Method: post, Path: "/verify-email", Auth: Anonymous, Module: Account, Body: verification{}, handle: s.verifyEmail},
		{Listener: Public, Method: post, Path: "/verify-email/resend", Auth: Anonymous, Module: Account, Body: address{}, handle: s.resendVerification},
		{Listener: Public, Method: post, Path: "/login", Auth: Anonymous, Module: Account, Body: login{}, handle: s.login},
		{Listener: Public, Method: post, Path: "/logout", Auth: Session, Module: Account, handle: s.logout},
		{Listener: Public, Method: get, Path: "/users/me", Auth: Session, Module: Account, Reads: accounts, handle: s.ownAccount},
		{Listener: Public, Method: get, Path: "/users/me/onboarding", Auth: Session, Module: Account, Reads: onboarding, handle: s.ownOnboarding},
		{Listener: Public, Method: get, Path: "/sessions", Auth: Session, Module: Account, Reads: sessions, handle: s.ownSessions},
		{Listener: Public, Method: get, Path: "/profile", Auth: Session, Module: Profile, Reads: profiles, handle: s.ownProfile, authenticates: true},
		{Listener: Public, Method: patch, Path: "/profile", Auth: Session, Module: Profile, Body: profilePatch{}, handle: s.updateProfile},
		{Listener: Public, Method: get, Path: "/subscription", Auth: Session, Module: Subscription, Reads: subscriptions, handle: s.ownSubscription},
		{Listener: Public, Method: get, Path: "/plans", Auth: Anonymous, Module: Subscription, Reads: plans, handle: s.listPlans},

		{Listener: Internal, Method: get, Path: "/internal/v1/users/:id", Auth: ServiceKey, Module: Account, Reads: accounts, handle: s.accountV1},
		{Listener: Internal, Method: get, Path: "/internal/v1/users/:id/profile", Auth: ServiceKey, Module: Profile, Reads: profiles, handle: s.profileV1},
		{Listener: Internal, Method: get, Path: "/healthz", Auth: Anonymous, Module: Core, handle: s.healthz},
		{Listener: Internal, Method: get, Path: "/readyz", Auth: Anonymous, Module: Core, handle: s.readyz},
		{Listener: Internal, Method: get, Path: "/metrics", Auth: Anonymous, Module: Core, handle: s.metrics},
	}
}

// The projections that routes read, by the names the feed knows them by.
const (
	accounts      = "accounts"
	profiles      = "profiles"
	subscriptions = "subscriptions"
	plans         = "plans"
	sessions      = "sessions"
	onboarding    = "onboarding"
)
