package readmodel_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/domain/roles"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
	"am-user-management/internal/term"
	"am-user-management/projections"
	"am-user-management/readmodel"
)

// person is what the model knows of a user.
type person struct {
	id                 domain.ID
	email, first, last string
	status             account.Status
	created            time.Time
	roles              map[string]*time.Time
	erased             bool
}

var (
	words    = rapid.StringOfN(rapid.SampledFrom([]rune("aAbzé%_\\*.'ß ")), 0, 4, -1)
	statuses = []account.Status{account.Active, account.Inactive, account.PendingVerification}
	roleList = []string{"viewer", "editor", "admin"}
)

func drawPerson(t *rapid.T, n int) person {
	p := person{
		id:    domain.ID{0: byte(rapid.IntRange(0, 255).Draw(t, "id")), 6: 0x70, 14: byte(n >> 8), 15: byte(n)},
		email: words.Draw(t, "local") + "@x", first: words.Draw(t, "first"), last: words.Draw(t, "last"),
		status: rapid.SampledFrom(statuses).Draw(t, "status"), created: after(time.Duration(rapid.IntRange(0, 3).Draw(t, "created")) * time.Second),
		roles: map[string]*time.Time{}, erased: rapid.IntRange(0, 9).Draw(t, "erased") == 0,
	}
	for _, role := range roleList {
		switch rapid.IntRange(0, 3).Draw(t, role) {
		case 0:
			p.roles[role] = nil
		case 1:
			ends := noon.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "ends")) * time.Hour)
			p.roles[role] = &ends
		}
	}
	return p
}

func (p person) happens(log *projtest.Log) {
	log.Append(account.StreamOf(p.id), account.UserCreated{UserID: p.id, Email: text(p.email), Status: p.status, CreatedAt: p.created})
	log.Append(profile.StreamOf(p.id), profile.ProfileCreated{UserID: p.id, FirstName: text(p.first), LastName: text(p.last), CreatedAt: noon})
	for _, role := range roleList {
		if ends, held := p.roles[role]; held {
			log.Append(access.StreamOf(p.id), access.RoleAssigned{UserID: p.id, Role: role, ExpiresAt: ends, At: noon})
		}
	}
	if p.erased {
		log.Append(account.StreamOf(p.id), account.AccountErased{UserID: p.id, At: noon})
	}
}

// found is how the user is found by a prefix: by the least term of the name that begins with it, or else by the address.
// An address sorts behind all names.
func (p person) found(prefix string) (how string, ok bool) {
	prefix = term.Of(prefix)
	for _, text := range []string{strings.Join(given(p.first, p.last), " "), strings.Join(given(p.last, p.first), " ")} {
		if t := "name " + term.Of(text); text != "" && strings.HasPrefix(t, "name "+prefix) && (!ok || t < how) {
			how, ok = t, true
		}
	}
	if t := term.Of(p.email); !ok && strings.HasPrefix(t, prefix) {
		return "zmail " + t, true
	}
	return how, ok
}

func given(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

func (p person) passes(f readmodel.UserFilter, now time.Time) bool {
	ends, held := p.roles[f.Role]
	return !p.erased && (f.Status == "" || f.Status == string(p.status)) &&
		(f.Role == "" || held && (ends == nil || now.Before(*ends)))
}

// wanted is the list by the model: filtered and sorted, all at once.
func wanted(people []person, f readmodel.UserFilter, now time.Time) []uuid.UUID {
	var passed []person
	for _, p := range people {
		if _, found := p.found(f.Prefix); p.passes(f, now) && (found || f.Prefix == "") {
			passed = append(passed, p)
		}
	}
	slices.SortFunc(passed, func(a, b person) int {
		if f.Prefix == "" {
			return -cmp.Or(a.created.Compare(b.created), slices.Compare(a.id[:], b.id[:]))
		}
		termOfA, _ := a.found(f.Prefix)
		termOfB, _ := b.found(f.Prefix)
		return cmp.Or(cmp.Compare(termOfA, termOfB), slices.Compare(a.id[:], b.id[:]))
	})
	ids := make([]uuid.UUID, len(passed))
	for i, p := range passed {
		ids[i] = idOf(p.id)
	}
	return ids
}

func projectionOf(tb testing.TB, table string) projections.Projection {
	tb.Helper()
	all := projections.All()
	return all[slices.IndexFunc(all, func(p projections.Projection) bool { return p.Name() == table })]
}

func TestThePagesOfAListAreTheWholeListOnce(t *testing.T) {
	t.Parallel()
	pool, users := pgtest.New(t), projectionOf(t, "users")
	log := &projtest.Log{}
	for _, role := range roleList {
		log.Append(roles.StreamOf(role), roles.RoleDefined{Name: role})
	}
	projtest.Apply(t, pool, projectionOf(t, "roles"), log.Events())
	rapid.Check(t, func(rt *rapid.T) {
		people := make([]person, rapid.IntRange(0, 25).Draw(rt, "people"))
		log := &projtest.Log{}
		for i := range people {
			people[i] = drawPerson(rt, i)
			people[i].happens(log)
		}
		if _, err := pool.Exec(t.Context(), `TRUNCATE users`); err != nil {
			rt.Fatal(err)
		}
		projtest.Apply(t, pool, users, log.Events())
		for range 4 {
			f := readmodel.UserFilter{
				Prefix: words.Draw(rt, "prefix"), Status: string(rapid.SampledFrom(append(statuses, "", "", "")).Draw(rt, "status")),
				Role: rapid.SampledFrom(append(roleList, "", "", "", "nobody")).Draw(rt, "role"),
			}
			examines, limit := rapid.IntRange(1, 9).Draw(rt, "examines"), rapid.IntRange(1, 7).Draw(rt, "limit")
			got := pagesOf(t, readmodel.New(pool).Examining(examines), f, limit)
			if diff := gocmp.Diff(wanted(people, f, noon), got, gocmp.Transformer("text", uuid.UUID.String)); diff != "" {
				rt.Fatalf("%+v, %d a page, %d examined (-want +got):\n%s", f, limit, examines, diff)
			}
		}
	})
}

// pagesOf reads a list to its end.
func pagesOf(t *testing.T, reader *readmodel.Reader, f readmodel.UserFilter, limit int) []uuid.UUID {
	t.Helper()
	ids := []uuid.UUID{}
	place := &readmodel.UserPlace{}
	for place != nil {
		users, next, err := reader.Users(t.Context(), f, noon, *place, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(users) > limit {
			t.Fatalf("a page of %d has %d users", limit, len(users))
		}
		for _, user := range users {
			ids = append(ids, user.ID)
		}
		place = next
	}
	return ids
}

func TestARoleThatWasDeletedIsNotListed(t *testing.T) {
	t.Parallel()
	log := visiting()
	permitting(log)
	log.Append(roles.StreamOf("editor"), roles.RoleDeleted{Name: "editor", At: noon}, roles.RoleDefined{Name: "editor"})
	reader, _ := reading(t, log)
	for role, want := range map[string]int{"editor": 0, "auditor": 1, "boss": 0} {
		users, _, err := reader.Users(t.Context(), readmodel.UserFilter{Role: role}, noon, readmodel.UserPlace{}, 9)
		if err != nil || len(users) != want {
			t.Errorf("%s: got %v, %v, want %d", role, users, err, want)
		}
		if len(users) > 0 && !slices.Equal(users[0].Roles, []string{"auditor"}) {
			t.Errorf("got %v", users[0].Roles)
		}
	}
}

func TestAListLeavesTheConnectionAsItWas(t *testing.T) {
	t.Parallel()
	reader, pool := reading(t, visiting())
	for _, f := range []readmodel.UserFilter{{}, {Prefix: "a"}} {
		if _, _, err := reader.Users(t.Context(), f, noon, readmodel.UserPlace{}, 1); err != nil {
			t.Fatal(err)
		}
	}
	var mode, sort string
	err := pool.QueryRow(t.Context(), `SELECT current_setting('plan_cache_mode'), current_setting('enable_sort')`).Scan(&mode, &sort)
	if err != nil || mode != "auto" || sort != "on" || pool.Stat().TotalConns() > 1 {
		t.Errorf("planning is %s, sorting %s on %d connections, %v", mode, sort, pool.Stat().TotalConns(), err)
	}
}

func TestAUserIsListedWithWhatAllModulesSay(t *testing.T) {
	t.Parallel()
	log := visiting()
	permitting(log)
	log.Append(account.StreamOf(ben), signedUp(ben)) // whose other modules are switched off
	reader, _ := reading(t, log)
	for now, want := range map[time.Time]string{
		noon: `[{"id":"` + ben.String() + `","email":"ann@example.com","status":"ACTIVE","verified_at":null,"created_at":"2026-03-01T12:00:00Z",` +
			`"first_name":null,"last_name":null,"roles":[]},` +
			`{"id":"` + ann.String() + `","email":"ann@example.com","status":"ACTIVE","verified_at":null,"created_at":"2026-03-01T12:00:00Z",` +
			`"first_name":"Ann","last_name":null,"roles":["auditor","editor"]}]`,
	} {
		users, next, err := reader.Users(t.Context(), readmodel.UserFilter{}, now, readmodel.UserPlace{}, 2)
		if err != nil || next != nil {
			t.Fatalf("next page %v, %v", next, err)
		}
		got, err := json.Marshal(users)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, string(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestNoPageReadsMoreThanItsShare looks at the plans of Postgres for a table that is large for what a page needs: each
// goes by the index that it is meant to, in its order.
func TestNoPageReadsMoreThanItsShare(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	const fill = `
		INSERT INTO users (user_id, position, status, resumes, email, created_at, first_name, last_name, roles, by_email, by_given, by_family)
		SELECT md5(n::text)::uuid, 1, CASE n % 20 WHEN 0 THEN 'INACTIVE' WHEN 1 THEN 'PENDING_VERIFICATION' ELSE 'ACTIVE' END, 'ACTIVE',
			e, timestamptz '2026-01-01' + n * interval '1 minute', f, l, CASE n % 1000 WHEN 0 THEN '{"admin": null}' ELSE '{"viewer": null}' END::jsonb,
			e, f || ' ' || l, l || ' ' || f
		FROM generate_series(1, 30000) n, LATERAL (SELECT 'm' || n % 97 AS f, 'm' || n % 89 AS l, 'm' || n || '@example.org' AS e) names`
	const roles = `
		INSERT INTO roles (name, revision, position, permissions, inherits, built_in, id)
		SELECT name, 0, 0, '{}', '{}', true, name FROM unnest('{viewer,admin}'::text[]) AS n (name)`
	for _, statement := range []string{roles, fill, `VACUUM ANALYZE users`} {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	start, emails := readmodel.UserPlace{}, readmodel.UserPlace{ByEmail: true}
	byTerm := []string{"users_by_family", "users_by_given"}
	for name, c := range map[string]struct {
		filter  readmodel.UserFilter
		indexes []string
		rows    float64 // of a page, limit included
		buffers float64
		place   readmodel.UserPlace
	}{
		"all":                       {readmodel.UserFilter{}, []string{"users_newest"}, 51, 200, start},
		"status of most":            {readmodel.UserFilter{Status: "ACTIVE"}, []string{"users_newest"}, 51, 200, start},
		"status of few":             {readmodel.UserFilter{Status: "INACTIVE"}, []string{"inactive_users_newest"}, 51, 200, start},
		"role of most":              {readmodel.UserFilter{Role: "viewer"}, []string{"users_newest"}, 51, 200, start},
		"role of few":               {readmodel.UserFilter{Role: "admin"}, []string{"elevated_users_newest"}, 30, 200, start},
		"role of nobody":            {readmodel.UserFilter{Role: "nobody"}, []string{"elevated_users_newest"}, 0, 200, start},
		"prefix of all":             {readmodel.UserFilter{Prefix: "m"}, byTerm, 51, 1000, start},
		"prefix of few":             {readmodel.UserFilter{Prefix: "m12 m34"}, byTerm, 7, 200, start},
		"prefix of nobody":          {readmodel.UserFilter{Prefix: "x"}, byTerm, 0, 200, start},
		"prefix of all, rare role":  {readmodel.UserFilter{Prefix: "m", Role: "nobody"}, among("elevated_", byTerm), 0, 300, start},
		"prefix of all, few active": {readmodel.UserFilter{Prefix: "m", Status: "INACTIVE"}, among("inactive_", byTerm), 51, 1000, start},
		"e-mails of all":            {readmodel.UserFilter{Prefix: "m"}, []string{"users_by_email"}, 1, 3 * readmodel.MostExamined, emails},
		"e-mails of some":           {readmodel.UserFilter{Prefix: "m12"}, []string{"users_by_email"}, 51, 400, emails},
		"e-mails of few inactive":   {readmodel.UserFilter{Prefix: "m12", Status: "INACTIVE"}, []string{"inactive_users_by_email"}, 51, 400, emails},
		"prefix of all, no status":  {readmodel.UserFilter{Prefix: "m", Status: "NONE"}, byTerm, 1, 3 * readmodel.MostExamined, start},
		"all, status of nobody yet": {readmodel.UserFilter{Status: "NONE"}, []string{"users_newest"}, 1, 3 * readmodel.MostExamined, start},
	} {
		plan := explain(t, pool, c.filter, c.place)
		var indexes []string
		plan.walk(func(n node) {
			switch n.Type {
			case "Sort", "Incremental Sort", "Seq Scan", "Bitmap Heap Scan", "Gather", "Gather Merge":
				t.Errorf("%s: the plan has a %s", name, n.Type)
			}
			if n.Index != "" && n.Index != "roles_pkey" { // by which the filter finds its role
				indexes = append(indexes, n.Index)
			}
		})
		slices.Sort(indexes)
		if diff := gocmp.Diff(c.indexes, indexes); diff != "" {
			t.Errorf("%s: indexes (-want +got):\n%s", name, diff)
		}
		if buffers := plan.Hit + plan.Read; plan.Rows != c.rows || buffers > c.buffers {
			t.Errorf("%s: %v rows for %v buffers, want %v for at most %v", name, plan.Rows, buffers, c.rows, c.buffers)
		}
	}
}

func among(few string, indexes []string) []string {
	var prefixed []string
	for _, index := range indexes {
		prefixed = append(prefixed, few+index)
	}
	return prefixed
}

// node is a part of a plan.
type node struct {
	Type  string  `json:"Node Type"`
	Index string  `json:"Index Name"`
	Rows  float64 `json:"Actual Rows"`
	Hit   float64 `json:"Shared Hit Blocks"`
	Read  float64 `json:"Shared Read Blocks"`
	Plans []node  `json:"Plans"`
}

func (n node) walk(visit func(node)) {
	visit(n)
	for _, below := range n.Plans {
		below.walk(visit)
	}
}

// explain is the plan of a page and what carrying it out took, as the service plans it: once for all parameters.
func explain(t *testing.T, pool *pgxpool.Pool, f readmodel.UserFilter, place readmodel.UserPlace) node {
	t.Helper()
	sql, named := f.Query(noon, place, 51)
	sql, args, err := named.RewriteQuery(t.Context(), nil, sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	literals := make([]string, len(args))
	for i, arg := range args {
		literals[i] = literal(arg)
	}
	var text string
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		for _, statement := range []string{readmodel.Planning, `PREPARE page AS ` + sql} {
			if _, err := tx.Exec(t.Context(), statement); err != nil {
				return err
			}
		}
		explained := `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page (` + strings.Join(literals, ", ") + `)`
		if err := tx.QueryRow(t.Context(), explained).Scan(&text); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `DEALLOCATE page`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) != 1 {
		t.Fatal(fmt.Errorf("%d plans: %w", len(plans), err))
	}
	return plans[0].Plan
}

func literal(arg any) string {
	switch arg := arg.(type) {
	case int:
		return fmt.Sprint(arg)
	case [16]byte:
		return "'" + uuid.UUID(arg).String() + "'"
	case time.Time:
		return "'" + arg.Format(time.RFC3339Nano) + "'"
	case pgtype.Timestamptz:
		return "'infinity'" // there is no page before
	}
	return fmt.Sprintf("'%s'", arg)
}
