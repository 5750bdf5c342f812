package readmodel

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"am-user-management/internal/term"
)

// User is an account with the names of its profile and the roles that it holds.
type User struct {
	ID          uuid.UUID  `json:"id"`
	Email       *string    `json:"email"`
	Status      string     `json:"status"`
	VerifiedAt  *time.Time `json:"verified_at"`
	CreatedAt   time.Time  `json:"created_at"`
	PhoneNumber *string    `json:"phone_number,omitempty"`
	FirstName   *string    `json:"first_name"`
	LastName    *string    `json:"last_name"`
	Roles       []string   `json:"roles"` // held now, sorted; without those inherited
}

// UserFilter says which users to list. What is empty does not matter.
type UserFilter struct {
	// Prefix is how the e-mail address, the first name or the last name begins, or the whole name in either order.
	Prefix string
	Status string
	Role   string // held at the time of the question, not inherited
}

// UserPlace is a place in a list of users: newest first or, with a prefix, those whose name begins with it by that name,
// then those of whom only the e-mail address does, by that. The zero place is the beginning.
type UserPlace struct {
	ByEmail   bool // behind all who are found by name
	Term      string
	CreatedAt time.Time
	ID        uuid.UUID
}

// mostExamined is how many entries of an index a page looks through for users that pass the filter. It bounds what a
// rare filter costs: such a page has fewer users than asked for, or none, and a next page all the same.
const mostExamined = 200

// listsAtOnce is how many pages are read at the same time. The others wait for their turn, which takes each less time than
// if all shared the processors of Postgres, and leaves connections to the requests of users.
const listsAtOnce = 4

// Users returns at most limit users that pass a filter, from behind a place on, and the place where the next page
// begins: nil if there is none.
func (r *Reader) Users(ctx context.Context, filter UserFilter, now time.Time, after UserPlace, limit int) ([]User, *UserPlace, error) {
	list := userList{
		limit: limit, examines: r.examines, now: now, users: make([]User, 0, limit),
		names: make(map[string]string), roles: make(map[string][]string),
	}
	if err := r.lists.Acquire(ctx, 1); err != nil {
		return nil, nil, err
	}
	defer r.lists.Release(1)
	err := r.readUsers(ctx, filter, after, &list)
	if err == nil && list.next == nil && filter.Prefix != "" && !after.ByEmail {
		err = r.readUsers(ctx, filter, UserPlace{ByEmail: true}, &list)
	}
	return list.users, list.next, err
}

// readUsers reads on from a place to where the page is full, or those who are found in the same way end.
func (r *Reader) readUsers(ctx context.Context, filter UserFilter, after UserPlace, list *userList) error {
	sql, args := filter.query(list.now, after, r.examines)
	args["limit"] = list.limit - len(list.users) + 1
	list.last = after
	var batch pgx.Batch
	batch.Queue(planning)
	if len(list.names) == 0 {
		batch.Queue(`SELECT id, name FROM roles WHERE id IS NOT NULL`).Query(list.readNames)
	}
	batch.Queue(sql, args).Query(list.read)
	return r.pool.SendBatch(ctx, &batch).Close()
}

// planning holds for the transaction that a batch is. Postgres would plan a page anew each time, which takes longer than
// reading it, and where it takes the rows that match for few, it would rather sort them than read them in order.
const planning = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_sort', 'off', true)`

// userList is a page that is being read.
type userList struct {
	limit    int
	examines int
	now      time.Time
	users    []User
	last     UserPlace // of the last of them, or where the reading began
	next     *UserPlace
	names    map[string]string   // of roles, by their ids
	roles    map[string][]string // held, by the text of their ids: most users have the same
}

// readNames reads which roles there are. One that was deleted is held no more.
func (l *userList) readNames(rows pgx.Rows) error {
	var id, name string
	_, err := pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		l.names[id] = name
		return nil
	})
	return err
}

// read reads the rows: at most one user more than the page holds, and the last one that was examined.
func (l *userList) read(rows pgx.Rows) error {
	for rows.Next() {
		var row userRow
		if err := rows.Scan(row.targets()...); err != nil {
			return err
		}
		if row.matches.Bool && len(l.users) == l.limit {
			l.next = new(l.last)
			continue // to the end: the connection is used again
		}
		if row.matches.Bool {
			user, err := l.user(&row)
			if err != nil {
				return err
			}
			l.users, l.last = append(l.users, user), row.place(l.last.ByEmail)
		}
		if row.examined.Int64 == int64(l.examines) {
			l.next = new(row.place(l.last.ByEmail))
		}
	}
	return rows.Err()
}

func (l *userList) user(row *userRow) (User, error) {
	u := User{
		ID: row.id.Bytes, Email: given(&row.email), Status: row.status.String, CreatedAt: row.createdAt.Time.UTC(),
		PhoneNumber: given(&row.phone), FirstName: given(&row.firstName), LastName: given(&row.lastName),
	}
	if row.verifiedAt.Valid {
		verified := row.verifiedAt.Time.UTC()
		u.VerifiedAt = &verified
	}
	var err error
	u.Roles, err = l.held(row.roles.String)
	return u, err
}

// held are the roles that hold now.
func (l *userList) held(text string) ([]string, error) {
	if held, known := l.roles[text]; known {
		return held, nil
	}
	var expiries map[string]*time.Time
	if err := json.Unmarshal([]byte(text), &expiries); err != nil {
		return nil, err
	}
	held := []string{}
	for id, expires := range expiries {
		if name, exists := l.names[id]; exists && (Grant{ExpiresAt: expires}).HeldAt(l.now) {
			held = append(held, name)
		}
	}
	slices.Sort(held)
	l.roles[text] = held
	return held, nil
}

// userRow is a row of a list: one that passes the filter, or the last one that was examined.
type userRow struct {
	id                        pgtype.UUID
	email, status, phone      pgtype.Text
	firstName, lastName, term pgtype.Text
	verifiedAt, createdAt     pgtype.Timestamptz
	roles                     pgtype.Text
	matches                   pgtype.Bool
	examined                  pgtype.Int8
}

const userColumns = `user_id, email, status, phone, first_name, last_name, verified_at, created_at, roles::text`

func (row *userRow) targets() []any {
	return []any{
		&row.id, &row.email, &row.status, &row.phone, &row.firstName, &row.lastName, &row.verifiedAt, &row.createdAt,
		&row.roles, &row.term, &row.matches, &row.examined,
	}
}

func (row *userRow) place(byEmail bool) UserPlace {
	return UserPlace{ByEmail: byEmail, Term: row.term.String, CreatedAt: row.createdAt.Time.UTC(), ID: row.id.Bytes}
}

// query is the statement of a page, but for its limit.
func (f UserFilter) query(now time.Time, after UserPlace, examines int) (string, pgx.NamedArgs) {
	if f.Prefix == "" {
		return f.newest(now, after, examines)
	}
	return f.byTerm(now, after, examines)
}

// newest lists by creation.
func (f UserFilter) newest(now time.Time, after UserPlace, examines int) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{"created_at": pgtype.Timestamptz{Time: after.CreatedAt, Valid: true}, "id": [16]byte(after.ID)}
	if after.CreatedAt.IsZero() {
		args["created_at"] = pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	}
	return fmt.Sprintf(`
		SELECT %s, NULL::text, matches, examined FROM (
			SELECT *, %s AS matches, row_number() OVER (ORDER BY created_at DESC, user_id DESC) AS examined FROM (
				SELECT * FROM users
				WHERE created_at IS NOT NULL AND (created_at, user_id) < (@created_at, @id)%s
				ORDER BY created_at DESC, user_id DESC LIMIT %d
			) u
		) u WHERE matches OR examined = %d
		ORDER BY created_at DESC, user_id DESC LIMIT @limit`,
		userColumns, f.matches(now, args), f.few(), examines, examines), args
}

// The status that few accounts have, and the role that most have: see the indexes.
const (
	inactive   = "INACTIVE"
	everybodys = "viewer"
)

// byTerm lists by term: scans of indexes in their order, merged. A user whose name is found either way round passes under
// the lesser of both only, and one who is found by name passes among those. The limits within the scans never cut what
// the outer one lets through: with them Postgres knows how little it will read, and reads it in order instead of sorting
// all that matches.
func (f UserFilter) byTerm(now time.Time, after UserPlace, examines int) (string, pgx.NamedArgs) {
	prefix := term.Of(f.Prefix)
	args := pgx.NamedArgs{"prefix": prefix, "end": term.After(prefix), "term": max(prefix, after.Term), "id": [16]byte(after.ID)}
	columns := []string{"by_given", "by_family"}
	const byName = `least(
				CASE WHEN by_given >= @prefix AND by_given < @end THEN by_given END,
				CASE WHEN by_family >= @prefix AND by_family < @end THEN by_family END)`
	once := byName + " = term"
	if after.ByEmail {
		columns, once = []string{"by_email"}, byName+" IS NULL"
	}
	scans := make([]string, len(columns))
	for i, column := range columns {
		scans[i] = fmt.Sprintf(`
				(SELECT *, %[1]s AS term FROM users WHERE (%[1]s, user_id) > (@term, @id) AND %[1]s < @end%[3]s
				ORDER BY %[1]s, user_id LIMIT %[2]d)`, column, examines, f.few())
	}
	return fmt.Sprintf(`
		SELECT %s, term, matches, examined FROM (
			SELECT *, %s AND %s AS matches, row_number() OVER (ORDER BY term, user_id) AS examined FROM (
				SELECT * FROM (%s
				) u ORDER BY term, user_id LIMIT %d
			) u
		) u WHERE matches OR examined = %d
		ORDER BY term, user_id LIMIT @limit`,
		userColumns, once, f.matches(now, args), strings.Join(scans, `
				UNION ALL`), examines, examines), args
}

// few narrows a scan down to those among whom the filter finds its users. There are indexes of just them.
func (f UserFilter) few() string {
	condition := ""
	if f.Status == inactive {
		condition += " AND inactive"
	}
	if f.Role != "" && f.Role != everybodys {
		condition += " AND elevated"
	}
	return condition
}

// matches is the condition on a row.
func (f UserFilter) matches(now time.Time, args pgx.NamedArgs) string {
	condition := "true"
	if f.Status != "" {
		condition += " AND status = @status"
		args["status"] = f.Status
	}
	if f.Role != "" {
		const id = `(SELECT id FROM roles WHERE name = @role)`
		condition += " AND coalesce((roles->>" + id + ")::timestamptz > @now, roles ? " + id + ")"
		args["role"], args["now"] = f.Role, now
	}
	return condition
}
