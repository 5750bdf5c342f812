package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"am-user-management/domain"
)

// bareRow is a user as the prototype knows one: the event's JSON, the row and the answer of a read.
type bareRow struct {
	ID        uuid.UUID `json:"id"`
	Email     string    `json:"email"`
	FirstName string    `json:"first_name"`
	LastName  string    `json:"last_name"`
	Timezone  string    `json:"timezone"`
	Locale    string    `json:"locale"`
	Bio       string    `json:"bio"`
	UpdatedAt time.Time `json:"updated_at"`
}

// bareTable is where the rows are.
const bareTable = `CREATE TABLE IF NOT EXISTS bare_users (
	id uuid PRIMARY KEY, email text NOT NULL, first_name text, last_name text, timezone text, locale text, bio text,
	updated_at timestamptz NOT NULL)`

func bareUser(id domain.ID) bareRow {
	return bareRow{
		ID: uuid.UUID(id), Email: id.String() + "@example.org", FirstName: "Ada", LastName: "of Example",
		Timezone: "Europe/Berlin", Locale: "en-GB",
		Bio:       "A bio of some length, so that the event is about as long as one that was observed: 413 bytes in JSON, give or take.",
		UpdatedAt: time.Unix(1_800_000_000, 0).UTC(),
	}
}

func bareEvent(id domain.ID) ([]byte, error) { return json.Marshal(bareUser(id)) }

// prototype is the least that moves events into rows: take what is there, at most 500, decode, fold by user, and write
// rows and checkpoint in one round trip. As in the feed, a commit does not wait for the disk.
type prototype struct {
	conn *grpc.ClientConn
	pool *pgxpool.Pool

	mu      sync.Mutex
	applied uint64
	ended   error         // why it projects no more
	moved   chan struct{} // closed when one of them has changed
}

const prototypeBatch = 500

func newPrototype(ctx context.Context, pool *pgxpool.Pool, conn *grpc.ClientConn) (*prototype, error) {
	for _, statement := range []string{
		bareTable, `CREATE TABLE IF NOT EXISTS bare_checkpoint (id int PRIMARY KEY, position bigint NOT NULL)`,
		`TRUNCATE bare_users, bare_checkpoint`, `INSERT INTO bare_checkpoint VALUES (1, 0)`,
	} {
		if _, err := pool.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	return &prototype{conn: conn, pool: pool, moved: make(chan struct{})}, nil
}

// run projects until so many events are applied.
func (p *prototype) run(ctx context.Context, until uint64) error {
	err := p.project(ctx, until)
	p.change(func() { p.ended = err })
	return err
}

func (p *prototype) project(ctx context.Context, until uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan []byte, 2*prototypeBatch)
	failed := make(chan error, 1)
	go func() {
		failed <- readAll(ctx, p.conn, "Follow", "", func(data []byte) (bool, error) {
			select {
			case events <- data:
				return false, nil
			case <-ctx.Done():
				return true, nil
			}
		})
	}()
	db, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer db.Release()
	if _, err := db.Exec(ctx, `SET synchronous_commit = off`); err != nil {
		return err
	}
	for done := uint64(0); done < until; {
		batch, err := take(ctx, events, failed)
		if err != nil {
			return err
		}
		done += uint64(len(batch))
		if err := writeRows(ctx, db.Conn(), batch, done); err != nil {
			return err
		}
		p.change(func() { p.applied = done })
	}
	return nil
}

// take waits for one event and takes what else is there, decoded.
func take(ctx context.Context, events <-chan []byte, failed <-chan error) ([]bareRow, error) {
	var data []byte
	select {
	case data = <-events:
	case err := <-failed:
		return nil, errors.Join(err, ctx.Err())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	batch := make([]bareRow, 0, prototypeBatch)
	for {
		var row bareRow
		if err := json.Unmarshal(data, &row); err != nil {
			return nil, err
		}
		if batch = append(batch, row); len(batch) == prototypeBatch {
			return batch, nil
		}
		select {
		case data = <-events:
		default:
			return batch, nil
		}
	}
}

// change changes what others wait for.
func (p *prototype) change(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.moved)
	p.moved = make(chan struct{})
}

// wait waits until a position is applied.
func (p *prototype) wait(ctx context.Context, position uint64) error {
	for {
		p.mu.Lock()
		applied, ended, moved := p.applied, p.ended, p.moved
		p.mu.Unlock()
		switch {
		case applied >= position:
			return nil
		case ended != nil:
			return ended
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const upsertRows = `
	INSERT INTO bare_users
	SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
	ON CONFLICT (id) DO UPDATE SET (email, first_name, last_name, timezone, locale, bio, updated_at) =
		(excluded.email, excluded.first_name, excluded.last_name, excluded.timezone, excluded.locale, excluded.bio, excluded.updated_at)`

// writeRows keeps the last state of each user, and how far it came, in one transaction and one round trip.
func writeRows(ctx context.Context, db *pgx.Conn, events []bareRow, position uint64) error {
	last := make(map[uuid.UUID]int, len(events))
	for i := range events {
		last[events[i].ID] = i
	}
	var (
		ids                                         [][16]byte
		emails, firsts, lasts, zones, locales, bios []string
		times                                       []time.Time
	)
	for i := range events {
		if e := &events[i]; last[e.ID] == i {
			ids, emails, firsts, lasts = append(ids, e.ID), append(emails, e.Email), append(firsts, e.FirstName), append(lasts, e.LastName)
			zones, locales, bios, times = append(zones, e.Timezone), append(locales, e.Locale), append(bios, e.Bio), append(times, e.UpdatedAt)
		}
	}
	var batch pgx.Batch
	batch.Queue(upsertRows, ids, emails, firsts, lasts, zones, locales, bios, times)
	batch.Queue(`UPDATE bare_checkpoint SET position = $1 WHERE id = 1`, int64(position))
	return db.SendBatch(ctx, &batch).Close()
}
