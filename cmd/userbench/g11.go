package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"am-user-management/domain"
)

const (
	// listConns are how many list and search at once, and mostList what the p95 of every form must not pass, in
	// milliseconds.
	listConns          = 16
	mostList, listAims = 50, 25
	pageSize, walkSize = 50, 200
)

// measureG11 compares a page of a list with the least that makes one, pages anywhere in the list with its first, and
// every form of search with a bound.
func measureG11(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.userd(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.gather(ctx, s); err != nil {
		return nil, err
	}
	database, err := b.postgres(ctx, "bare_list")
	if err != nil {
		return nil, err
	}
	bare, err := b.start(ctx, "echo-page", settings{Postgres: database, Users: b.crowd})
	if err != nil {
		return nil, err
	}
	l := &lister{address: s.address, session: s.admin.session}
	b.say("walking through the list")
	cursors, found, err := l.walk(ctx)
	if err != nil {
		return nil, err
	}
	if found != b.crowd {
		return nil, fmt.Errorf("the pages of the list have %d users, not %d", found, b.crowd)
	}
	load := load{Callers: listConns, For: b.seconds}
	their := requester(bare.address, func(_ int, to []byte) []byte {
		var after domain.ID
		after[0], after[1] = byte(rand.IntN(255)), byte(rand.IntN(256))
		return head(to, http.MethodGet, "/users?after="+after.String(), 0)
	})
	c, err := b.alternate(ctx, side{s.pid(), l.reads(form{start: func() string { return "" }})}, side{bare.pid(), their}, load)
	if err != nil {
		return nil, err
	}
	searched, err := b.search(ctx, s, l, cursors, c.ours.median(sample.p50))
	return append([]row{ratio("G11", "page 1", c, 0.60, 0.85)}, searched...), err
}

// search measures every form against its bound; first is how long page 1 takes, in milliseconds.
func (b *bench) search(ctx context.Context, s *service, l *lister, cursors []string, first float64) ([]row, error) {
	load := load{Callers: listConns, For: b.seconds}
	var rows []row
	for _, f := range forms(cursors, newCrowd(2)) {
		var done series
		for range b.rounds {
			one, err := b.turn(ctx, side{s.pid(), l.reads(f)}, load)
			if err != nil {
				return rows, fmt.Errorf("%s: %w", f.name, err)
			}
			done = append(done, one)
		}
		p95 := done.median(sample.p95)
		rows = append(rows, row{
			goal: "G11", load: f.name, compared: compared{ours: done}, figure: p95, unit: " ms",
			bound: bound{must: mostList, aim: listAims, atMost: true},
			note:  fmt.Sprintf("p95; p50 %.1fx of page 1's", quotient(done.median(sample.p50), first)),
		})
	}
	return rows, nil
}

// gather fills the service's list.
func (b *bench) gather(ctx context.Context, s *service) error {
	b.say("making a list of %d users", b.crowd)
	pool, err := openPool(ctx, s.database)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := fillCrowd(ctx, pool, b.crowd); err != nil {
		return err
	}
	var size string
	err = pool.QueryRow(ctx, crowdSize).Scan(&size)
	b.say("%s", size)
	return err
}

// form is one way to list or search. A search goes on to its next page three times out of four.
type form struct {
	name    string
	start   func() string // the query of the first page
	follows bool
}

func forms(cursors []string, c *crowd) []form {
	pick := func(of ...string) string { return of[rand.IntN(len(of))] }
	filter := func() string {
		return pick("status=ACTIVE", "status=INACTIVE", "status=PENDING_VERIFICATION", "role=viewer", "role=editor", "role=admin",
			"role=auditor", "role=nobody", "status=INACTIVE&role=editor", "status=PENDING_VERIFICATION&role=admin")
	}
	person := func() []string { return []string{pick(c.given...), pick(c.family...)} }
	byEmail := func() string {
		p := person()
		return "prefix=" + url.QueryEscape(beginning(plainLetters(p[0])+"."+plainLetters(p[1])))
	}
	byName := func() string {
		p := person()
		if rand.IntN(2) == 0 {
			p[0], p[1] = p[1], p[0]
		}
		return "prefix=" + url.QueryEscape(beginning(p[0]+" "+p[1]))
	}
	deep := func() string { return "cursor=" + pick(cursors...) }
	return []form{
		{name: "any page", start: deep},
		{name: "any page of 200", start: func() string { return "limit=200&" + deep() }},
		{name: "e-mail begins", start: byEmail, follows: true},
		{name: "name begins", start: byName, follows: true},
		{name: "status, role", start: filter, follows: true},
		{name: "begins, status, role", start: func() string { return pick(byEmail(), byName()) + "&" + filter() }, follows: true},
	}
}

// beginning is the first one to six letters of a text.
func beginning(text string) string {
	letters := []rune(text)
	return string(letters[:min(1+rand.IntN(6), len(letters))])
}

// lister asks for pages of the list.
type lister struct{ address, session string }

func (l *lister) page(c *connection, query string) (next string, body []byte, err error) {
	status, body, err := c.request(func(to []byte) []byte {
		return head(to, http.MethodGet, "/users?"+query, 0, "Authorization", "Bearer "+l.session)
	})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("answer %d to %s: %s", status, query, body)
	}
	if _, after, more := bytes.Cut(body, []byte(`"next_cursor":"`)); more {
		cursor, _, _ := bytes.Cut(after, []byte(`"`))
		next = string(cursor)
	}
	return next, body, err
}

// walk reads the whole list: the cursors of its pages, and how many users are on them.
func (l *lister) walk(ctx context.Context) (cursors []string, found int, err error) {
	c, err := dialHTTP(ctx, l.address)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, c.conn.Close()) }()
	for query := fmt.Sprintf("limit=%d", walkSize); ; {
		next, body, err := l.page(c, query)
		if err != nil {
			return nil, 0, err
		}
		found += bytes.Count(body, []byte(`"created_at":`))
		if next == "" {
			return cursors, found, ctx.Err()
		}
		cursors = append(cursors, next)
		query = fmt.Sprintf("limit=%d&cursor=%s", walkSize, next)
	}
}

// reads drives the service with a form.
func (l *lister) reads(f form) func(context.Context, load) (sample, error) {
	return func(ctx context.Context, load load) (_ sample, err error) {
		connections, queries, nexts := make([]*connection, load.Callers), make([]string, load.Callers), make([]string, load.Callers)
		defer func() {
			for _, c := range connections {
				if c != nil {
					err = errors.Join(err, c.conn.Close())
				}
			}
		}()
		for i := range connections {
			if connections[i], err = dialHTTP(ctx, l.address); err != nil {
				return sample{}, err
			}
		}
		return drive(ctx, load, func(_ context.Context, caller int) (time.Duration, error) {
			query := queries[caller] + "&cursor=" + nexts[caller]
			if !f.follows || nexts[caller] == "" || rand.IntN(4) == 0 {
				queries[caller] = f.start()
				query = queries[caller]
			}
			begun := time.Now()
			next, _, err := l.page(connections[caller], query)
			nexts[caller] = next
			return time.Since(begun), err
		})
	}
}

// openEchoPage serves pages of people: one SELECT by primary key, one JSON answer.
func openEchoPage(ctx context.Context, s settings) (*subject, error) {
	pool, err := openPool(ctx, s.Postgres)
	if err != nil {
		return nil, err
	}
	if err := fillBareTable(ctx, pool, s.Users); err != nil {
		pool.Close()
		return nil, err
	}
	e := echo.New()
	e.GET("/users", func(c echo.Context) error {
		after, err := uuid.Parse(c.QueryParam("after"))
		if err != nil {
			return echo.ErrBadRequest
		}
		rows, err := pool.Query(c.Request().Context(), `
			SELECT id, email, first_name, last_name, timezone, locale, bio, updated_at FROM bare_users WHERE id > $1 ORDER BY id LIMIT $2`,
			[16]byte(after), pageSize)
		if err != nil {
			return err
		}
		page, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (u bareRow, err error) {
			err = r.Scan((*[16]byte)(&u.ID), &u.Email, &u.FirstName, &u.LastName, &u.Timezone, &u.Locale, &u.Bio, &u.UpdatedAt)
			return u, err
		})
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]any{"items": page})
	})
	served, err := serveHTTP(e)
	if err != nil {
		pool.Close()
		return nil, err
	}
	end := served.close
	served.close = func() error { pool.Close(); return end() }
	return served, nil
}
