package feed

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/internal/eventstore"
)

// Parked is a stream that a projection leaves alone, from an event on that it could not apply. What follows in other
// streams is applied; what follows in this one is not, for it would build upon what is missing. A rebuild ends it.
type Parked struct {
	Projection string
	Stream     string
	Event      uuid.UUID
	Position   eventstore.Position
	Error      string
	At         time.Time
}

// Park makes a halted projection leave the stream of its event alone and go on with the others, on whatever instance
// it is. The position names the event, as in Skip. Errors: ErrUnknownProjection, ErrNotHalted.
func (f *Feed) Park(ctx context.Context, projection string, at eventstore.Position) error {
	p, err := f.projector(projection)
	if err != nil {
		return err
	}
	stream, err := f.rows.park(ctx, projection, at)
	if err != nil {
		return err
	}
	f.options.Logger.WarnContext(ctx, "stream parked by an operator",
		"projection", projection, "stream", stream, "position", positionText(at))
	p.endTurn()
	return nil
}

const parkStream = `
	INSERT INTO parked_streams (projection, stream, event_id, position, error)
	SELECT projection, halted_stream, halted_event, halted_position, halted_error
	FROM checkpoints WHERE projection = $1 AND halted_position = $2 AND halted_stream <> ''
	ON CONFLICT (projection, stream) DO UPDATE SET error = excluded.error
	RETURNING stream`

// park notes the stream and skips the event, both or none.
func (c *checkpoints) park(ctx context.Context, name string, at eventstore.Position) (stream string, err error) {
	err = pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, parkStream, name, column(at.Commit)).Scan(&stream)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotHalted
		}
		if err != nil {
			return err
		}
		return notHalted(tx.Exec(ctx, skipRow, name, column(at.Commit), column(at.Prepare)))
	})
	return stream, err
}

// parkedIn is the streams that a projection leaves alone.
func parkedIn(ctx context.Context, tx pgx.Tx, name string) (map[string]bool, error) {
	rows, err := tx.Query(ctx, `SELECT stream FROM parked_streams WHERE projection = $1`, name)
	if err != nil {
		return nil, err
	}
	streams, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	parked := make(map[string]bool, len(streams))
	for _, stream := range streams {
		parked[stream] = true
	}
	return parked, nil
}

// mostParked is how many parked streams of all projections are told of.
const mostParked = 1000

// allParked is the streams that projections leave alone, those that were parked first.
func (c *checkpoints) allParked(ctx context.Context) ([]Parked, error) {
	rows, err := c.pool.Query(ctx, `
		SELECT projection, stream, event_id, position, error, parked_at FROM parked_streams
		ORDER BY parked_at, projection, stream LIMIT $1`, mostParked)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Parked, err error) {
		var at int64
		err = row.Scan(&p.Projection, &p.Stream, &p.Event, &at, &p.Error, &p.At)
		p.Position = position(at, at)
		return p, err
	})
}
