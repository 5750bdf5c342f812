package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/logcopy"
)

// WriteErased writes the subjects whose keys were destroyed, one a line, and returns how many they are. The list tells
// nobody who they were; whoever restores an older backup needs it.
func WriteErased(ctx context.Context, conn *pgx.Conn, path string) (int, error) {
	rows, err := conn.Query(ctx, `SELECT subject::text FROM keyring.keys WHERE state = 'destroyed' ORDER BY subject`)
	if err != nil {
		return 0, err
	}
	subjects, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, err
	}
	text := strings.Join(subjects, "\n")
	if text != "" {
		text += "\n"
	}
	return len(subjects), writeDurably(path, []byte(text))
}

// readErased reads what WriteErased wrote.
func readErased(path string) ([]uuid.UUID, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var subjects []uuid.UUID
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		subject, err := uuid.Parse(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		subjects = append(subjects, subject)
	}
	return subjects, nil
}

// erase destroys keys, and keeps those from being made that there never were. It returns how many there were.
func erase(ctx context.Context, conn *pgx.Conn, subjects []uuid.UUID) (int64, error) {
	if len(subjects) == 0 {
		return 0, nil
	}
	var destroyed int64
	err := conn.QueryRow(ctx, `
		WITH given AS (SELECT DISTINCT unnest($1::uuid[]) AS subject), done AS (
			UPDATE keyring.keys k SET state = 'destroyed', wrapped = NULL, destroyed_at = now()
			FROM given WHERE k.subject = given.subject AND k.state = 'active' RETURNING 1
		), barred AS (
			INSERT INTO keyring.keys (id, subject, state, destroyed_at) SELECT gen_random_uuid(), subject, 'destroyed', now() FROM given
			ON CONFLICT (subject) DO NOTHING
		)
		SELECT count(*) FROM done`, subjects).Scan(&destroyed)
	return destroyed, err
}

// checkedAtOnce is how many key ids are looked up together.
const checkedAtOnce = 1000

// keyCheck makes sure that every key that events name is in the ring, active or destroyed.
type keyCheck struct {
	conn    *pgx.Conn
	waiting []uuid.UUID
}

func (c *keyCheck) add(ctx context.Context, event *logcopy.Event) error {
	if !bytes.Contains(event.UserMetadata, []byte(`"keys"`)) {
		return nil
	}
	var metadata struct {
		Keys eventstore.Keys `json:"keys"`
	}
	if err := json.Unmarshal(event.UserMetadata, &metadata); err != nil {
		return nil //nolint:nilerr // an event that others wrote has no keys of ours
	}
	for _, id := range [...]uuid.UUID{uuid.UUID(metadata.Keys.Personal), uuid.UUID(metadata.Keys.Credential), uuid.UUID(metadata.Keys.Client)} {
		if id != uuid.Nil {
			c.waiting = append(c.waiting, id)
		}
	}
	if len(c.waiting) >= checkedAtOnce {
		return c.finish(ctx)
	}
	return nil
}

// finish looks up those that wait.
func (c *keyCheck) finish(ctx context.Context) error {
	var missing int64
	var example string
	err := c.conn.QueryRow(ctx, `
		SELECT count(*), coalesce(min(g.id::text), '') FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) g
		WHERE NOT EXISTS (SELECT FROM keyring.keys k WHERE k.id = g.id)`, c.waiting).Scan(&missing, &example)
	c.waiting = c.waiting[:0]
	if err == nil && missing > 0 {
		return fmt.Errorf("the key ring lacks %d keys that events are encrypted with, %s for one", missing, example)
	}
	return err
}
