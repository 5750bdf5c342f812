package access

import (
	"context"
	"slices"
)

// Roles and users that EventStoreDB knows by name.
const (
	everybody = "$all"
	admins    = "$admins"
	operators = "$ops"

	adminUser    = "admin"
	operatorUser = "ops"
)

// Principal is who makes a call. Its zero value is somebody who did not say.
type Principal struct {
	Name   string
	Groups []string

	// hash is what the password was proven by.
	hash string
}

// Anonymous tells whether the caller did not say who it is.
func (p Principal) Anonymous() bool { return p.Name == "" }

// has tells whether the role is the user's name or one of its groups.
func (p Principal) has(role string) bool { return p.Name == role || slices.Contains(p.Groups, role) }

func (p Principal) admin() bool { return p.has(admins) || p.Name == adminUser }

func (p Principal) operator() bool { return p.has(operators) || p.Name == operatorUser }

type principalKey struct{}

// WithCaller returns a context whose calls are made by p.
func WithCaller(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Caller returns who makes the call; without a word on it that is an anonymous principal.
func Caller(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}
