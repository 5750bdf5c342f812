package commands_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/admins"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
)

// everything is what an administrator holds.
var everything = []string{"*:*"}

// member opens an active account.
func (b *bench) member(t *testing.T, name string) domain.ID {
	t.Helper()
	created, err := b.Register(t.Context(), request(), commands.Registration{
		Email: name + "@example.org", EmailNormal: name + "@example.org", Password: "correct horse", Verified: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return created.State.UserID
}

func (b *bench) admin(t *testing.T, name string) domain.ID {
	t.Helper()
	user := b.member(t, name)
	if err := b.AssignRole(t.Context(), request(), user, roles.Admin); err != nil {
		t.Fatal(err)
	}
	return user
}

// administrators counts the accounts that hold the role for good, by their streams.
func (b *bench) administrators(t *testing.T, users ...domain.ID) int {
	t.Helper()
	count := 0
	for _, user := range users {
		held, err := b.UserRoles(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		if held.State.HoldsForGood(roles.Admin) {
			count++
		}
	}
	return count
}

// twin is another instance over the same store.
func (b *bench) twin() *commands.Service {
	return commands.New(b.dependencies)
}

// Sixteen administrators take the role from each other all at once, through two instances.
func TestR13TheLastAdminStaysUnderARace(t *testing.T) {
	for round := range 4 {
		b := newBench(t)
		b.seed(t)
		services := []*commands.Service{b.Service, b.twin()}
		var users []domain.ID
		for i := range 16 {
			users = append(users, b.admin(t, fmt.Sprintf("admin%d", i)))
		}
		start := make(chan struct{})
		var group sync.WaitGroup
		for i, user := range users {
			group.Go(func() {
				<-start
				for {
					_, err := services[i%2].RevokeRole(t.Context(), request(), everything, user, roles.Admin)
					switch {
					case errors.Is(err, commands.ErrConflict):
						continue // others were faster: ask again
					case err != nil && !errors.Is(err, admins.ErrLast):
						t.Error(err)
					}
					return
				}
			})
		}
		close(start)
		group.Wait()
		if left := b.administrators(t, users...); left != 1 {
			t.Errorf("round %d: %d administrators are left, want 1", round, left)
		}
	}
}

// Roles are given and taken at random: whatever comes between what, somebody is left.
func TestR13SomebodyIsLeftWhateverIsGivenMeanwhile(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	services := []*commands.Service{b.Service, b.twin()}
	users := []domain.ID{b.admin(t, "a"), b.admin(t, "b"), b.member(t, "c")}
	for round := range 30 {
		var group sync.WaitGroup
		for i := range 12 {
			service, user := services[i%2], users[(i+round)%3]
			group.Go(func() {
				if i%4 == 0 {
					_ = service.AssignRole(t.Context(), request(), user, roles.Admin)
				} else {
					_, _ = service.RevokeRole(t.Context(), request(), everything, user, roles.Admin)
				}
			})
		}
		group.Wait()
		if b.administrators(t, users...) == 0 {
			t.Fatalf("round %d: nobody is left", round)
		}
		for _, user := range users { // the same wish again counts whom a lost race did not
			if held, err := b.UserRoles(t.Context(), user); err == nil && held.State.HoldsForGood(roles.Admin) {
				if err := b.AssignRole(t.Context(), request(), user, roles.Admin); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// A crash between the list and the role leaves somebody who is not counted, and the same wish completes it.
func TestR13ACrashWhileAnAdminGoesIsSafe(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	ann, bob := b.admin(t, "ann"), b.admin(t, "bob")
	r := request()
	b.faults.before = func(stream string) error {
		if strings.HasPrefix(stream, "access-") {
			return errors.Join(eventstore.ErrUnavailable, errCut)
		}
		return nil
	}
	if _, err := b.RevokeRole(t.Context(), r, everything, ann, roles.Admin); !errors.Is(err, commands.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	b.faults.before = nil
	if _, err := b.RevokeRole(t.Context(), request(), everything, bob, roles.Admin); !errors.Is(err, admins.ErrLast) {
		t.Errorf("the other one: got %v, want ErrLast", err)
	}
	for range 2 {
		if _, err := b.RevokeRole(t.Context(), r, everything, ann, roles.Admin); err != nil {
			t.Fatal(err)
		}
	}
	if left := b.administrators(t, ann, bob); left != 1 {
		t.Errorf("%d administrators, want 1", left)
	}
	// Repeated once more after Ann was made one again, the old wish takes nothing.
	if err := b.AssignRole(t.Context(), request(), ann, roles.Admin); err != nil {
		t.Fatal(err)
	}
	if _, err := b.RevokeRole(t.Context(), r, everything, ann, roles.Admin); err != nil {
		t.Fatal(err)
	}
	if _, err := b.RevokeRole(t.Context(), request(), everything, bob, roles.Admin); err != nil {
		t.Errorf("Ann counts, so Bob may go: %v", err)
	}
}

func TestR13ACrashWhileAnAdminComesIsSafe(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	ann, bob := b.admin(t, "ann"), b.member(t, "bob")
	b.faults.before = func(stream string) error {
		if stream == admins.Stream {
			return errors.Join(eventstore.ErrUnavailable, errCut)
		}
		return nil
	}
	r := request()
	if err := b.AssignRole(t.Context(), r, bob, roles.Admin); !errors.Is(err, commands.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	b.faults.before = nil
	if _, err := b.RevokeRole(t.Context(), request(), everything, ann, roles.Admin); !errors.Is(err, admins.ErrLast) {
		t.Errorf("Bob does not count yet: got %v, want ErrLast", err)
	}
	if err := b.AssignRole(t.Context(), r, bob, roles.Admin); err != nil {
		t.Fatal(err)
	}
	if _, err := b.RevokeRole(t.Context(), request(), everything, ann, roles.Admin); err != nil {
		t.Errorf("Bob counts: %v", err)
	}
}

// An installation that was made before administrators were counted gets its list, and nobody gets their role back.
func TestR13AnOldInstallationCountsItsAdminsOnce(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	ann, bob, cid := b.member(t, "ann"), b.member(t, "bob"), b.member(t, "cid")
	old := func(user domain.ID, events ...domain.Event) {
		drafts := make([]eventstore.Draft, len(events))
		for i, event := range events {
			r := request()
			drafts[i] = eventstore.Draft{ID: r.CommandID, Event: event, Meta: eventstore.Metadata{CommandID: r.CommandID, SchemaVersion: 1}}
		}
		if _, _, err := b.log.Append(t.Context(), access.StreamOf(user), eventstore.NoStream, drafts); err != nil {
			t.Fatal(err)
		}
	}
	old(ann, access.RoleAssigned{UserID: ann, Role: roles.Admin, At: b.now})
	old(bob, access.RoleAssigned{UserID: bob, Role: roles.Admin, At: b.now}, access.RoleRevoked{UserID: bob, Role: roles.Admin, At: b.now})
	asked := 0
	find := func(context.Context) ([]domain.ID, error) {
		asked++
		return []domain.ID{ann, bob, cid}, nil
	}
	for range 2 {
		if err := b.ListAdmins(t.Context(), find); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 || b.types(t, admins.Stream) != "admins.admin_listed" {
		t.Errorf("asked %d times; the list: %s", asked, b.types(t, admins.Stream))
	}
	if _, err := b.RevokeRole(t.Context(), request(), everything, ann, roles.Admin); !errors.Is(err, admins.ErrLast) {
		t.Errorf("got %v, want ErrLast", err)
	}
}

// The first administrator is made once: neither a restart nor a lost role makes them one again.
func TestR13TheBootstrapAdminIsMadeOnce(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	if err := b.BootstrapAdmin(t.Context(), ada()); err != nil {
		t.Fatal(err)
	}
	login, err := b.Login(t.Context(), request(), commands.Credentials{EmailNormal: "ada@example.org", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	first, bob := login.State.UserID, b.admin(t, "bob")
	if _, err := b.RevokeRole(t.Context(), request(), everything, first, roles.Admin); err != nil {
		t.Fatal(err)
	}
	if err := b.BootstrapAdmin(t.Context(), ada()); err != nil {
		t.Fatal(err)
	}
	if b.administrators(t, first) != 0 {
		t.Error("a restart gave the role back")
	}
	if _, err := b.RevokeRole(t.Context(), request(), everything, bob, roles.Admin); !errors.Is(err, admins.ErrLast) {
		t.Errorf("a restart counted somebody who is none: %v", err)
	}
}

// What a person changed or deleted of the built-in roles stays; the rest follows the settings.
func TestBuiltInRolesFollowTheSettingsUntilAPersonChangesThem(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	define := func(name string, inherits ...string) {
		t.Helper()
		if _, err := b.DefineRole(t.Context(), request(), everything, roles.Define{Name: name, Inherits: inherits}); err != nil {
			t.Fatal(err)
		}
	}
	define("editor", "auditor")
	if _, err := b.DeleteRole(t.Context(), request(), everything, "auditor"); err != nil {
		t.Fatal(err)
	}
	if err := b.Seed(t.Context(), roles.BuiltIn(map[string][]string{"admin": {"viewer"}, "editor": {"viewer"}, "boss": {"admin"}}), nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"editor":  "roles.role_defined roles.role_defined",
		"auditor": "roles.role_defined roles.role_deleted",
		"admin":   "roles.role_defined roles.role_defined",
		"viewer":  "roles.role_defined",
		"boss":    "roles.role_defined",
	} {
		if got := b.types(t, roles.StreamOf(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if err := b.MayGrant(t.Context(), []string{"user:read"}, []string{"viewer", "editor"}); err != nil {
		t.Errorf("the editor inherits a role that is gone: %v", err)
	}
	if err := b.MayGrant(t.Context(), []string{"user:*", "role:*"}, []string{"viewer", "boss"}); !errors.Is(err, roles.ErrPermissionDenied) {
		t.Errorf("got %v, want ErrPermissionDenied", err)
	}
	if err := b.MayGrant(t.Context(), everything, []string{"auditor"}); !errors.Is(err, roles.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// A request that is sent again with its key is answered again, and takes nothing that came after it.
func TestDeletingARoleTwiceByOneRequestDeletesOneRole(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	define := roles.Define{Name: "support"}
	for range 2 {
		if _, err := b.DefineRole(t.Context(), request(), everything, define); err != nil {
			t.Fatal(err)
		}
	}
	r := request()
	if _, err := b.DeleteRole(t.Context(), r, everything, "support"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.DefineRole(t.Context(), request(), everything, define); err != nil {
		t.Fatal(err)
	}
	if _, err := b.DeleteRole(t.Context(), r, nil, "support"); err != nil {
		t.Fatal(err)
	}
	if got := b.types(t, roles.StreamOf("support")); got != "roles.role_defined roles.role_deleted roles.role_defined" {
		t.Errorf("the role: %s", got)
	}
}

// Accounts are closed and roles taken all at once, through two instances: somebody who can administer is left.
func TestR13TheLastAdminKeepsTheirAccount(t *testing.T) {
	for round := range 4 {
		b := newBench(t)
		b.seed(t)
		services := []*commands.Service{b.Service, b.twin()}
		var users []domain.ID
		for i := range 16 {
			users = append(users, b.admin(t, fmt.Sprintf("admin%d", i)))
		}
		var group sync.WaitGroup
		for i, user := range users {
			group.Go(func() {
				for {
					var err error
					if i%3 == 0 {
						_, err = services[i%2].RevokeRole(t.Context(), request(), everything, user, roles.Admin)
					} else {
						_, err = commands.CloseAccount(services[i%2], t.Context(), request(), user, account.Deactivate{UserID: user, Now: b.now})
					}
					switch {
					case errors.Is(err, commands.ErrConflict):
						continue
					case err != nil && !errors.Is(err, admins.ErrLast):
						t.Error(err)
					}
					return
				}
			})
		}
		group.Wait()
		able := 0
		for _, user := range users {
			opened, err := b.Account(t.Context(), user)
			if err != nil {
				t.Fatal(err)
			}
			if opened.State.Status == account.Active {
				able += b.administrators(t, user)
			}
		}
		if able != 1 {
			t.Errorf("round %d: %d can administer, want 1", round, able)
		}
	}
}

// Whoever is closed out does not count, whoever is let in again does.
func TestR13AnAdminWhoseAccountIsClosedDoesNotCount(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	ann, bob := b.admin(t, "ann"), b.admin(t, "bob")
	closeOut := func(user domain.ID) error {
		_, err := commands.CloseAccount(b.Service, t.Context(), request(), user, account.Deactivate{UserID: user, Now: b.now})
		return err
	}
	if err := closeOut(ann); err != nil {
		t.Fatal(err)
	}
	if err := commands.ListAdmin(b.Service, t.Context(), request(), ann); err != nil {
		t.Fatal(err)
	}
	if err := closeOut(bob); !errors.Is(err, admins.ErrLast) {
		t.Errorf("got %v, want ErrLast", err)
	}
	open := account.Reactivate{UserID: ann, Now: b.now}
	if err := commands.ExecuteAccount(t.Context(), b.Service, request(), open); err != nil {
		t.Fatal(err)
	}
	if err := commands.ListAdmin(b.Service, t.Context(), request(), ann); err != nil {
		t.Fatal(err)
	}
	if err := closeOut(bob); err != nil {
		t.Errorf("Ann counts again: %v", err)
	}
	if err := closeOut(ann); !errors.Is(err, admins.ErrLast) {
		t.Errorf("got %v, want ErrLast", err)
	}
}
