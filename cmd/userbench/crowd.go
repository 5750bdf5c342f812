package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/term"
)

// Names that are about as common, and as alike, as those of people are: the first of a list is drawn most often.
const (
	givenNames = `Maria José Anna Mohammed John Wei Fatima Ali David Elena Michael Ana Ahmed Sofia James Olga Juan Ivan Emma
		Daniel Laura Omar Peter Li Carlos Sara Thomas Yuki Julia Hassan Marie Paul Natalia Robert Aisha Martin Linh Antonio Eva Alexander
		Zoë Jean Nina Luis Chloé Ravi Hannah Kim Victor Mei Björn Lucas Priya Jan Ingrid Samuel Amélie Noah Björk Tariq Leah Erik Gabriela
		Stefan Nora Pedro Alice Yusuf Clara Andrew Svetlana Oskar Beatriz Max Isabella Hugo Tatiana Leo Ruth Felix Marta Simon Agnes Émile
		Vera Otto Greta Niklas Ida Anton Lena Jonas Theo Frida Mateo Élodie Åsa Øyvind Łukasz Žofia Çelik Xavier Quentin Uma`
	familyNames = `Wang Smith García Nguyen Müller Kim Silva Johnson Khan Ivanov Rodríguez Singh Chen Martin Kumar Jones López
		Schmidt Li Ali Brown Rossi Santos Tanaka Williams Novák Petrov Hernández Davis Yılmaz Larsen Dubois Kowalski Suzuki Miller Ferrari
		Andersson Gonzalez Wilson Park Jansen Pereira Moore Nagy Schneider Hansen Taylor Costa Sato Fischer Bernard Popescu Anderson Meyer
		Ahmed Martínez Weber Oliveira Clark Moreau Papadopoulos Lewis Horvat Wagner Ito Robinson Becker Eriksson Walker Schulz Romano
		Hall Hoffmann Laurent Young Nielsen Koch Allen Bauer Lefebvre King Richter Wright Klein Scott Wolf Torres Schröder Hill Neumann Green
		Schwarz Adams Zimmermann Baker Braun Hofmann Rivera Krüger Campbell Hartmann Mitchell Lange Carter Werner Roberts Krause O'Neill`
	hosts = `gmail.com yahoo.com outlook.com example.org web.de mail.ru qq.com icloud.com proton.me corp.example`
)

// crowd makes people who do not sign up, but stand in the table that lists are made of, as its projection would have
// written them.
type crowd struct {
	given, family, host []string
	random              *rand.Rand
	began               time.Time
}

func newCrowd(seed uint64) *crowd {
	return &crowd{
		given: strings.Fields(givenNames), family: strings.Fields(familyNames), host: strings.Fields(hosts),
		random: rand.New(rand.NewPCG(seed, 0)), began: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// draw takes one of a list: half of the time of its first third.
func (c *crowd) draw(from []string) string {
	share := c.random.Float64()
	return from[int(share*share*float64(len(from)))]
}

var crowdColumns = []string{
	"user_id", "position", "status", "resumes", "email", "phone", "verified_at", "created_at", "first_name", "last_name", "roles",
	"by_email", "by_given", "by_family",
}

// neighbour is one of the crowd.
type neighbour struct {
	id                             [16]byte
	given, family, address, status string
	created                        time.Time
	// role is what the person has besides the default role, "" for nothing; lapsed says that it was once.
	role   string
	lapsed bool
}

// neighbour is the n-th of the crowd.
func (c *crowd) neighbour(n int) neighbour {
	p := neighbour{given: c.draw(c.given), family: c.draw(c.family), status: "ACTIVE", created: c.began.Add(time.Duration(n) * 3 * time.Minute)}
	binary.BigEndian.PutUint64(p.id[:8], c.random.Uint64())
	binary.BigEndian.PutUint64(p.id[8:], c.random.Uint64())
	p.address = fmt.Sprintf("%s.%s%d@%s", plainLetters(p.given), plainLetters(p.family), n, c.draw(c.host))
	switch c.random.IntN(50) {
	case 0:
		p.status = "INACTIVE"
	case 1, 2, 3:
		p.status = "PENDING_VERIFICATION"
	}
	switch c.random.IntN(10_000) {
	case 0:
		p.role = "admin"
	case 1, 2, 3:
		p.role, p.lapsed = "auditor", true
	}
	if c.random.IntN(100) == 0 {
		p.role, p.lapsed = "editor", false
	}
	return p
}

// member is the n-th of the crowd, a row of the table.
func (c *crowd) member(n int) []any {
	p := c.neighbour(n)
	verified := &p.created
	if p.status == "PENDING_VERIFICATION" {
		verified = nil
	}
	roles := map[string]*time.Time{"viewer": nil}
	if p.role != "" {
		roles[p.role] = nil
	}
	if p.lapsed {
		roles[p.role] = &c.began
	}
	return []any{
		p.id, int64(1), p.status, "ACTIVE", p.address, fmt.Sprintf("+4915%08d", n), verified, p.created, p.given, p.family, roles,
		term.Of(p.address), term.Of(p.given + " " + p.family), term.Of(p.family + " " + p.given),
	}
}

// plainLetters is a name as it stands in an address.
func plainLetters(name string) string {
	plain := strings.NewReplacer("é", "e", "É", "e", "ë", "e", "ö", "o", "ü", "u", "í", "i", "á", "a", "ó", "o", "ı", "i", "Å", "a", "Ø", "o",
		"Ł", "l", "Ž", "z", "Ç", "c", "'", "").Replace(name)
	return strings.ToLower(plain)
}

// fillCrowd makes the table hold n people and nobody else.
func fillCrowd(ctx context.Context, pool *pgxpool.Pool, n int) error {
	if _, err := pool.Exec(ctx, `TRUNCATE users`); err != nil {
		return err
	}
	c := newCrowd(1)
	_, err := pool.CopyFrom(ctx, pgx.Identifier{"users"}, crowdColumns,
		pgx.CopyFromSlice(n, func(i int) ([]any, error) { return c.member(i), nil }))
	if err == nil {
		_, err = pool.Exec(ctx, `VACUUM ANALYZE users`)
	}
	return err
}

const crowdSize = `
	SELECT format('table %s, indexes %s (', pg_size_pretty(pg_table_size('users')), pg_size_pretty(pg_indexes_size('users'))) ||
		string_agg(format('%s %s', indexrelname, pg_size_pretty(pg_relation_size(indexrelid))), ', ' ORDER BY indexrelname) || ')'
	FROM pg_stat_user_indexes WHERE relname = 'users'`
