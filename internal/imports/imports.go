// Package imports keeps imports of users from the request that brought them until their results are forgotten, and
// carries them out. Rows wait in Postgres, sealed; a job takes them in chunks to the commands and replaces each chunk
// by its results in one transaction. A job that is killed is started again: rows of the chunk that it was in are
// repeated, as commands that are the very same, so nobody is made twice. The package imports commands, domain,
// eventstore, keyring (for its cipher), uuid and pgx.
package imports

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// ErrNotFound: there is no such import, or its results are forgotten.
var ErrNotFound = &domain.Error{
	Kind: domain.NotFound, Code: "import.not-found", Title: "There is no such import, or its results are no longer kept.",
}

// chunkRows is how many rows are sealed, carried out and recorded together.
const chunkRows = 1000

// Queue inserts the job that carries an import out, in the transaction it is given.
type Queue interface {
	InsertImportTx(ctx context.Context, tx pgx.Tx, id domain.ID) error
}

// Importer makes users of rows. *commands.Service does.
type Importer interface {
	ImportUsers(ctx context.Context, i commands.Import) ([]commands.ImportOutcome, eventstore.Position, error)
}

// Options are what Imports are made of; all are needed.
type Options struct {
	Pool     *pgxpool.Pool
	Queue    Queue
	Importer Importer
	// Key seals the rows that wait: 32 bytes, the same at every start.
	Key    []byte
	Clock  func() time.Time
	Logger *slog.Logger
}

// Imports accepts, carries out and tells about imports. It is safe for concurrent use. New makes it.
type Imports struct {
	pool     *pgxpool.Pool
	queue    Queue
	importer Importer
	key      keyring.Key
	clock    func() time.Time
	logger   *slog.Logger
}

// New makes it. The tables must exist.
func New(o Options) (*Imports, error) {
	key, err := keyring.NewKey(domain.ID{}, o.Key)
	if err != nil {
		return nil, err
	}
	return &Imports{pool: o.Pool, queue: o.Queue, importer: o.Importer, key: key, clock: o.Clock, logger: o.Logger}, nil
}

// Row is one row of an import: a user, or what is wrong with it.
type Row struct {
	Number int                `json:"n"`
	User   *commands.Imported `json:"user,omitempty"`
	// Fault is the result of a row without a user.
	Fault *Result `json:"fault,omitempty"`
}

// Faulty is a row that a rule forbids.
func Faulty(number int, rule *domain.Error) Row {
	fault := failed(number, rule)
	return Row{Number: number, Fault: &fault}
}

// Accept takes an import in, rows in the order of their numbers, and returns its id. The same request again, by its
// command id, changes nothing and gives the same id.
func (m *Imports) Accept(ctx context.Context, r commands.Request, rows []Row) (domain.ID, error) {
	id := domain.ID(uuid.NewSHA1(r.CommandID, []byte("import")))
	firsts, lasts, sealed, err := m.chunks(id, rows)
	if err != nil {
		return domain.ID{}, err
	}
	err = pgx.BeginFunc(ctx, m.pool, func(tx pgx.Tx) error {
		accepted, err := tx.Exec(ctx, `
			INSERT INTO imports (import_id, actor_kind, actor_id, correlation_id, traceparent, accepted_at, total)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			[16]byte(id), string(r.Actor.Kind), r.Actor.ID, [16]byte(r.CorrelationID), r.Traceparent,
			m.clock().UTC().Truncate(time.Microsecond), len(rows))
		if err != nil || accepted.RowsAffected() == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO import_chunks (import_id, first_row, last_row, sealed)
			SELECT $1, c.* FROM unnest($2::int[], $3::int[], $4::bytea[]) AS c`, [16]byte(id), firsts, lasts, sealed)
		if err != nil {
			return err
		}
		return m.queue.InsertImportTx(ctx, tx, id)
	})
	return id, err
}

func (m *Imports) chunks(id domain.ID, rows []Row) (firsts, lasts []int32, sealed [][]byte, err error) {
	for len(rows) > 0 {
		chunk := rows[:min(chunkRows, len(rows))]
		rows = rows[len(chunk):]
		first := int32(chunk[0].Number)
		text, err := m.seal(id, first, chunk)
		if err != nil {
			return nil, nil, nil, err
		}
		firsts, lasts, sealed = append(firsts, first), append(lasts, int32(chunk[len(chunk)-1].Number)), append(sealed, text)
	}
	return firsts, lasts, sealed, nil
}

// OldestUnfinished is when the oldest import that is not done was accepted; ok is false if all are done. Claims on
// addresses that were made since belong to somebody who may still come.
func (m *Imports) OldestUnfinished(ctx context.Context) (at time.Time, ok bool, err error) {
	err = m.pool.QueryRow(ctx, `
		SELECT accepted_at FROM imports WHERE finished_at IS NULL ORDER BY accepted_at LIMIT 1`).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return at.UTC(), err == nil, err
}

// Forget removes imports that were done before a time, with their results.
func (m *Imports) Forget(ctx context.Context, before time.Time) error {
	_, err := m.pool.Exec(ctx, `DELETE FROM imports WHERE finished_at < $1`, before)
	return err
}
