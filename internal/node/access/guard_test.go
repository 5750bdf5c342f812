package access_test

import (
	"context"
	"errors"
	"testing"

	"am-user-management/internal/node/access"
)

// TestWhoPasses holds who may do what is not about a stream.
func TestWhoPasses(t *testing.T) {
	t.Parallel()
	var guard access.Guard
	open := access.NewOpenGuard()
	for who, c := range map[string]struct {
		caller                access.Principal
		user, operator, admin bool
	}{
		"nobody":     {access.Principal{}, false, false, false},
		"somebody":   {access.Principal{Name: "ada", Groups: []string{"writers"}}, true, false, false},
		"ops":        {access.Principal{Name: "ops"}, true, true, false},
		"of $ops":    {access.Principal{Name: "ada", Groups: []string{"$ops"}}, true, true, false},
		"admin":      {access.Principal{Name: "admin"}, true, true, true},
		"of $admins": {access.Principal{Name: "ada", Groups: []string{"x", "$admins"}}, true, true, true},
	} {
		ctx := access.WithCaller(t.Context(), c.caller)
		for what, check := range map[string]struct {
			of   func(*access.Guard, context.Context) error
			pass bool
		}{
			"user":     {(*access.Guard).CheckUser, c.user},
			"operator": {(*access.Guard).CheckOperator, c.operator},
			"admin":    {(*access.Guard).CheckAdmin, c.admin},
		} {
			if err := check.of(&guard, ctx); (err == nil) != check.pass || err != nil && !errors.Is(err, access.ErrDenied) {
				t.Errorf("%s as %s: %v", who, what, err)
			}
			if err := check.of(open, ctx); err != nil {
				t.Errorf("%s as %s where everybody may do everything: %v", who, what, err)
			}
		}
	}
	if open.Check(t.Context(), access.Write, "$all") != nil {
		t.Error("a node that asks nobody refuses")
	}
}
