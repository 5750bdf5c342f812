package feed

import (
	"context"
	"fmt"
	"strings"

	"am-user-management/internal/eventstore"
)

// which rows are looked at.
type which int

const (
	// all rows that stand where the rebuild is, or before.
	all which = iota
	// late: those of them that are of after a position.
	late
	// ahead: those that a command has brought further than the projector, to the same event as here. One that has not
	// come as far is not wrong.
	ahead
)

// repair makes rows of the live table what they are in the other one.
func (b *rebuild) repair(ctx context.Context, on execer, rows which, since, upTo eventstore.Position) error {
	columns := b.projection.Columns()
	key := columns[0]
	var updates []string
	for _, name := range columns[1:] {
		updates = append(updates, name+" = excluded."+name)
	}
	of := func(table string) string { return table + "." + strings.Join(columns, ", "+table+".") }
	from := fmt.Sprintf("%[2]s s LEFT JOIN %[1]s l ON l.%[3]s = s.%[3]s", b.live, b.made, key)
	if rows != all { // few rows, and others wait: not everything is joined with everything
		from = fmt.Sprintf(`(SELECT %[3]s FROM %[2]s WHERE position >= $1 UNION SELECT %[3]s FROM %[1]s WHERE position >= $1) late
			JOIN %[2]s s ON s.%[3]s = late.%[3]s LEFT JOIN %[1]s l ON l.%[3]s = late.%[3]s`, b.live, b.made, key)
	}
	where := fmt.Sprintf("l.%s IS NULL OR l.position <= $2", key)
	if rows == ahead {
		where = "l.position > $1 AND l.position = s.position"
	}
	repaired, err := on.Exec(ctx, fmt.Sprintf(`
		INSERT INTO %[1]s AS t (%[2]s)
		SELECT %[3]s FROM %[4]s
		WHERE $1::bigint IS NOT NULL AND (%[8]s) AND (l.%[5]s IS NULL OR (%[6]s) IS DISTINCT FROM (%[3]s))
		ORDER BY s.%[5]s
		ON CONFLICT (%[5]s) DO UPDATE SET %[7]s WHERE t.position <= $2`,
		b.live, strings.Join(columns, ", "), of("s"), from, key, of("l"), strings.Join(updates, ", "), where),
		column(since.Commit), column(upTo.Commit))
	if err != nil {
		return err
	}
	b.repaired += repaired.RowsAffected()
	if rows == ahead {
		return nil
	}
	removed, err := on.Exec(ctx, fmt.Sprintf(`
		DELETE FROM %[1]s l WHERE l.position BETWEEN $1 AND $2 AND NOT EXISTS (SELECT FROM %[2]s s WHERE s.%[3]s = l.%[3]s)`,
		b.live, b.made, key), column(since.Commit), column(upTo.Commit))
	b.removed += removed.RowsAffected()
	return err
}
