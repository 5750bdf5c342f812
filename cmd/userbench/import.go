package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"am-user-management/internal/password"
)

const (
	importCommand  = "import"
	importRows     = 10_000 // a call, the most that one may have
	importClients  = 2      // who send at once
	importLook     = 500 * time.Millisecond
	importPatience = 2 * time.Hour
	importSettles  = 2 * time.Minute // the store and Postgres tidy up
	adminEmail     = "admin@example.org"
)

// runImports imports users by HTTP into a service that has none, waits until all that follows from them is done, and
// prints what that took.
func runImports(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("userbench import", flag.ContinueOnError)
	flags.SetOutput(stderr)
	users := flags.Int("users", mostUsers, "how many users to import")
	list := flags.Bool("list", false, "then list and search them")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	o := options{users: *users, patience: defaultPatience, rounds: defaultRounds, seconds: defaultSeconds * time.Second}
	b, err := newBench(o, stderr)
	if err != nil {
		return err
	}
	return errors.Join(b.measureImport(ctx, *list, stdout), b.close())
}

// importing is a service and its importer.
type importing struct {
	*bench
	service *service
	session string
	pool    *pgxpool.Pool
	hash    string
}

func (b *bench) measureImport(ctx context.Context, list bool, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, importPatience)
	defer cancel()
	s, err := b.launchUserd(ctx, "BOOTSTRAP_ADMIN_EMAIL="+adminEmail, "BOOTSTRAP_ADMIN_PASSWORD="+thePassword)
	if err != nil {
		return err
	}
	hasher, err := password.New(password.Options{Params: argon2idCost(), MinLength: 8, Slots: 1, MaxWait: time.Minute})
	if err != nil {
		return err
	}
	hash, err := hasher.Hash(ctx, thePassword) // without a pepper: it is from elsewhere
	if err != nil {
		return err
	}
	pool, err := openPool(ctx, s.database)
	if err != nil {
		return err
	}
	defer pool.Close()
	i := importing{bench: b, service: s, pool: pool, hash: hash}
	if err := i.logIn(ctx); err != nil {
		return err
	}

	before := now()
	if err := i.sendAll(ctx); err != nil {
		return err
	}
	if err := i.until(ctx, `SELECT count(*) FROM imports WHERE finished_at IS NULL`); err != nil {
		return err
	}
	done := now()
	backlog, err := i.backlog(ctx)
	if err != nil {
		return err
	}
	if err := i.until(ctx, importBacklog); err != nil {
		return err
	}
	drained := now()
	if err := i.until(ctx, importJobs); err != nil {
		return err
	}
	if err := i.until(ctx, importBacklog); err != nil {
		return err
	}
	var created int
	if err := pool.QueryRow(ctx, `SELECT coalesce(sum(created), 0) FROM imports`).Scan(&created); err != nil {
		return err
	}
	if created != b.users {
		var refused string
		_ = pool.QueryRow(ctx, `SELECT r::text FROM import_chunks, jsonb_array_elements(results::jsonb) AS r WHERE r ? 'code' LIMIT 1`).Scan(&refused)
		return fmt.Errorf("%d of %d users were created; one was not: %s", created, b.users, refused)
	}
	told := now()
	if l, err := i.backlog(ctx); err != nil || l != (lag{}) {
		return errors.Join(fmt.Errorf("in the end %+v are missing", l), err)
	}

	i.print(stdout, before, done, drained, told, backlog)
	if err := i.printSizes(ctx, stdout); err != nil || !list {
		return err
	}
	return i.listAll(ctx, stdout)
}

// listAll lists and searches those who were imported, as G11 does.
func (i *importing) listAll(ctx context.Context, stdout io.Writer) error {
	// Or Postgres does it while we measure: an import leaves more to be written than a day of users.
	for _, housekeeping := range []string{`VACUUM ANALYZE users`, `CHECKPOINT`} {
		if _, err := i.pool.Exec(ctx, housekeeping); err != nil {
			return err
		}
	}
	if err := idle(ctx, importSettles); err != nil {
		return err
	}
	var size string
	if err := i.pool.QueryRow(ctx, crowdSize).Scan(&size); err != nil {
		return err
	}
	fmt.Fprintln(stdout, size)
	i.say("walking through the list")
	l := &lister{address: i.service.address, session: i.session}
	cursors, found, err := l.walk(ctx)
	if err != nil {
		return err
	}
	if found != i.users+1 { // the admin, too
		return fmt.Errorf("the pages of the list have %d users, not %d", found, i.users+1)
	}
	front, err := i.turn(ctx, side{i.service.pid(), l.reads(form{start: func() string { return "" }})}, load{Callers: listConns, For: i.seconds})
	if err != nil {
		return err
	}
	rows, err := i.search(ctx, i.service, l, cursors, front.p50())
	if err != nil {
		return err
	}
	return printTable(stdout, rows, i.options)
}

func (i *importing) logIn(ctx context.Context) error {
	var answer struct {
		SessionID string `json:"session_id"`
	}
	err := i.call(ctx, http.MethodPost, "/login", "application/json", fmt.Appendf(nil, `{"email":%q,"password":%q}`, adminEmail, thePassword), &answer)
	i.session = answer.SessionID
	return err
}

// errLater is an answer that asks to come back.
var errLater = errors.New("the service is busy")

func (i *importing) call(ctx context.Context, method, path, media string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+i.service.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", media)
	request.Header.Set("Authorization", "Bearer "+i.session)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusServiceUnavailable:
		return errLater
	case response.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return json.Unmarshal(text, into)
}

// sendAll sends all users, as fast as they are accepted.
func (i *importing) sendAll(ctx context.Context) error {
	i.say("importing %d users", i.users)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(importClients)
	for first := 0; first < i.users && ctx.Err() == nil; first += importRows {
		group.Go(func() error {
			body := i.rows(first, min(first+importRows, i.users))
			var accepted struct{ ID string }
			err := i.call(ctx, http.MethodPost, "/imports", "application/x-ndjson", body, &accepted)
			for ; errors.Is(err, errLater); err = i.call(ctx, http.MethodPost, "/imports", "application/x-ndjson", body, &accepted) {
				time.Sleep(importLook)
			}
			return err
		})
	}
	return group.Wait()
}

// rows are people of the crowd.
func (i *importing) rows(from, to int) []byte {
	var body bytes.Buffer
	crowd := newCrowd(uint64(from))
	for n := from; n < to; n++ {
		p := crowd.neighbour(n)
		roles := []string{}
		if p.role != "" {
			roles = append(roles, p.role)
		}
		row, err := json.Marshal(map[string]any{
			"email": p.address, "password_hash": i.hash, "first_name": p.given, "last_name": p.family, "status": p.status,
			"timezone": "Europe/Berlin", "locale": "en-GB", "created_at": p.created, "roles": roles,
		})
		if err != nil {
			return nil // not reachable: texts and a time
		}
		body.Write(append(row, '\n'))
	}
	return body.Bytes()
}

// importBacklog counts projections that are behind the saga or the imports, and importJobs what the saga left to jobs.
// Tables are not counted here: that would cost as much as what is measured.
const (
	importBacklog = `
		SELECT count(*) FROM checkpoints
		WHERE commit_position < greatest((SELECT max(commit_position) FROM checkpoints), (SELECT max(commit_position) FROM imports))`
	importJobs = `SELECT count(*) FROM (SELECT FROM river_job WHERE state IN ('available', 'running', 'retryable') AND kind <> 'reap_email_claims' LIMIT 1) AS left_over`
)

// until looks until a count is zero.
func (i *importing) until(ctx context.Context, count string) error {
	ticker := time.NewTicker(importLook)
	defer ticker.Stop()
	for {
		var left int64
		if err := i.pool.QueryRow(ctx, count).Scan(&left); err != nil || left == 0 {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lag is how many users are not to be seen yet in what follows from them.
type lag struct{ accounts, trials, profiles, roles int }

func (i *importing) backlog(ctx context.Context) (lag, error) {
	var l lag
	err := i.pool.QueryRow(ctx, `SELECT $1 - (SELECT count(*) FROM accounts), $1 - (SELECT count(*) FROM subscriptions),
		$1 - (SELECT count(*) FROM profiles), $1 - (SELECT count(*) FROM access)`, i.users+1).
		Scan(&l.accounts, &l.trials, &l.profiles, &l.roles)
	return l, err
}

func (i *importing) print(to io.Writer, before, done, drained, told usage, l lag) {
	users := float64(i.users)
	rate := func(a, b usage) float64 { return users / b.at.Sub(a.at).Seconds() }
	cpu := func(a, b usage, pid int, tree bool) float64 {
		own := b.byProcess[pid].own - a.byProcess[pid].own
		if tree {
			own = treeTime(b.byProcess, pid) - treeTime(a.byProcess, pid)
		}
		return float64(own.Microseconds()) / users
	}
	fmt.Fprintf(to, "users                     %d\n", i.users)
	fmt.Fprintf(to, "accepted until done       %.1f s, %.0f users/s (others took %.0f %% of the machine)\n",
		done.at.Sub(before.at).Seconds(), rate(before, done), 100*foreign(before, done))
	fmt.Fprintf(to, "backlog then              %d accounts, %d trials, %d profiles, %d roles not to be seen yet\n", l.accounts, l.trials, l.profiles, l.roles)
	fmt.Fprintf(to, "backlog drained after     %.1f s more; %.0f users/s over all (others took %.0f %%)\n",
		drained.at.Sub(done.at).Seconds(), rate(before, drained), 100*foreign(before, drained))
	fmt.Fprintf(to, "token service told after  %.1f s more (others took %.0f %%)\n", told.at.Sub(drained.at).Seconds(), 100*foreign(drained, told))
	fmt.Fprintf(to, "processor time a user     %.0f us service and node, %.0f us Postgres until done; %.0f and %.0f us until drained; %.0f and %.0f us over all\n",
		cpu(before, done, i.service.pid(), false), cpu(before, done, i.pgPID, true),
		cpu(before, drained, i.service.pid(), false), cpu(before, drained, i.pgPID, true),
		cpu(before, told, i.service.pid(), false), cpu(before, told, i.pgPID, true))
	if peak, err := peakMemory(i.service.pid()); err == nil {
		fmt.Fprintf(to, "memory of the service     %d MiB at most\n", peak)
	}
}

func (i *importing) printSizes(ctx context.Context, to io.Writer) error {
	rows, err := i.pool.Query(ctx, `
		SELECT relname, pg_total_relation_size(oid) >> 20 FROM pg_class
		WHERE relkind = 'r' AND pg_total_relation_size(oid) >= 1 << 20 AND relnamespace::regnamespace::text NOT LIKE 'pg_%'
		ORDER BY 2 DESC`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		var size int64
		if err := rows.Scan(&name, &size); err != nil {
			return err
		}
		tables = append(tables, fmt.Sprintf("%s %d", name, size))
	}
	fmt.Fprintf(to, "tables (MiB)              %s\n", strings.Join(tables, ", "))
	var events int64
	err = filepath.WalkDir(filepath.Join(i.dir, "d"), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // the store removes files as it goes
		}
		if info, err := entry.Info(); err == nil {
			events += info.Size()
		}
		return nil
	})
	fmt.Fprintf(to, "event store (MiB)         %d\n", events>>20)
	return errors.Join(err, rows.Err())
}
