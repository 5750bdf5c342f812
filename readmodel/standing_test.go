package readmodel_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"am-user-management/domain/access"
	"am-user-management/domain/roles"
	"am-user-management/internal/pgtest"
	"am-user-management/projections"
	"am-user-management/readmodel"
)

// naive is who may what by the words of the rules, and as slow as they sound.
type naive struct {
	lives       map[string]int
	definitions map[string]roles.RoleDefined // by id
	held        map[string]*time.Time        // by id
}

func (n *naive) id(name string) string { return roles.Definition{Name: name, Life: n.lives[name]}.ID() }

// permissions are those of every role that can be reached from a held one.
func (n *naive) permissions(now time.Time) (held, permissions []string) {
	reached := make(map[string]bool)
	for id, end := range n.held {
		if definition, ok := n.definitions[id]; ok && (end == nil || now.Before(*end)) {
			held, reached[id] = append(held, definition.Name), true
		}
	}
	for range n.definitions {
		for id := range n.definitions {
			for _, inherited := range n.definitions[id].Inherits {
				_, defined := n.definitions[inherited]
				reached[inherited] = reached[inherited] || reached[id] && defined
			}
		}
	}
	for id, is := range reached {
		if is {
			permissions = append(permissions, n.definitions[id].Permissions...)
		}
	}
	slices.Sort(held)
	slices.Sort(permissions)
	return held, slices.Compact(permissions)
}

// Whatever roles are defined, deleted, given, taken and inherited, in circles too: what a request is checked against,
// what a check follows, and the words of the rules agree at every time.
func TestRightsAgreeWithTheNaiveModel(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	reader := readmodel.New(pool)
	rapid.Check(t, func(t *rapid.T) {
		log := visiting()
		model := &naive{lives: map[string]int{}, definitions: map[string]roles.RoleDefined{}, held: map[string]*time.Time{}}
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			role := name.Draw(t, "role")
			id := model.id(role)
			_, defined := model.definitions[id]
			switch rapid.SampledFrom([]string{"define", "define", "delete", "give", "give", "take"}).Draw(t, "what") {
			case "define":
				event := roles.RoleDefined{Name: role, Permissions: []string{role + ":use", fmt.Sprintf("%s:%d", role, model.lives[role])}}
				for _, inherited := range rapid.SliceOfNDistinct(name, 0, 2, rapid.ID[string]).Draw(t, "inherits") {
					event.Inherits = append(event.Inherits, model.id(inherited))
				}
				model.definitions[id] = event
				log.Append(roles.StreamOf(role), event)
			case "delete":
				if defined {
					delete(model.definitions, id)
					model.lives[role]++
					log.Append(roles.StreamOf(role), roles.RoleDeleted{Name: role})
				}
			case "give":
				var end *time.Time
				if tens := rapid.IntRange(0, 2).Draw(t, "tens"); tens > 0 {
					at := after(time.Duration(tens) * 10 * time.Minute)
					end = &at
				}
				if defined {
					model.held[id] = end
					log.Append(access.StreamOf(ann), access.RoleAssigned{UserID: ann, Role: id, ExpiresAt: end, At: noon})
				}
			case "take":
				if _, held := model.held[id]; held {
					delete(model.held, id)
					log.Append(access.StreamOf(ann), access.RoleRevoked{UserID: ann, Role: id, At: noon})
				}
			}
		}
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			for _, p := range projections.All() {
				if !slices.Contains([]string{"accounts", "sessions", "roles", "access"}, p.Name()) {
					continue
				}
				if _, err := tx.Exec(t.Context(), "DELETE FROM "+p.Name()); err != nil {
					return err
				}
				if err := p.Apply(t.Context(), tx, log.Events()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for ten := range 3 {
			now := after(time.Duration(ten) * 10 * time.Minute)
			held, permissions := model.permissions(now)
			principal, err := reader.Principal(t.Context(), hashOf("s"), now)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(principal.Roles) != fmt.Sprint(held) || fmt.Sprint(principal.Permissions) != fmt.Sprint(permissions) {
				t.Fatalf("after %d tens of minutes: held %v permitted %v, want %v and %v", ten, principal.Roles, principal.Permissions, held, permissions)
			}
			standing, err := reader.Standing(t.Context(), idOf(ann), now)
			if err != nil || !standing.Active {
				t.Fatal(standing, err)
			}
			definitions, ids := make(map[string]roles.Definition), []string(nil)
			for _, d := range standing.Reached {
				definitions[d.ID] = roles.Definition{Name: d.Name, Permissions: d.Permissions, Inherits: d.Inherits}
			}
			for _, h := range standing.Held {
				ids = append(ids, h.ID)
			}
			if diff := cmp.Diff(permissions, roles.Resolve(definitions, ids).Permissions()); diff != "" && len(permissions) > 0 {
				t.Fatalf("after %d tens of minutes: resolved (-want +got):\n%s", ten, diff)
			}
		}
	})
}
