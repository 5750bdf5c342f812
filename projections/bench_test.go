package projections_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
)

// BenchmarkApply measures events per second at batches of 500 in a transaction each, as the feed applies them: rows
// that are new, and rows that exist and are found first.
func BenchmarkApply(b *testing.B) {
	const batch = 500
	for name, c := range map[string]struct {
		table string
		first func(domain.ID) (string, domain.Event)
		then  func(domain.ID) domain.Event
	}{
		"accounts": {
			"accounts",
			func(user domain.ID) (string, domain.Event) { return account.StreamOf(user), created(user) },
			func(user domain.ID) domain.Event { return account.EmailVerified{UserID: user, VerifiedAt: at(1)} },
		},
		"profiles": {
			"profiles",
			func(user domain.ID) (string, domain.Event) {
				return profile.StreamOf(user), profile.ProfileCreated{UserID: user, FirstName: text("Ann"), LastName: text("Lee"), CreatedAt: at(0)}
			},
			func(user domain.ID) domain.Event {
				return profile.ProfileUpdated{UserID: user, Bio: pointer(text("a bio of some length")), UpdatedAt: at(1)}
			},
		},
		"users": {
			"users",
			func(user domain.ID) (string, domain.Event) { return account.StreamOf(user), created(user) },
			func(user domain.ID) domain.Event {
				return profile.ProfileCreated{UserID: user, FirstName: text("Ann " + user.String()), LastName: text("Lee"), CreatedAt: at(1)}
			},
		},
	} {
		for _, existing := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/existing=%t", name, existing), func(b *testing.B) {
				pool := pgtest.New(b)
				p := named(b, c.table)
				log := &projtest.Log{}
				n := b.N * batch
				for i := range n {
					user := randomID(uint64(i))
					stream, event := c.first(user)
					log.Append(stream, event)
				}
				events := log.Events()
				if existing {
					for from := 0; from < n; from += batch {
						projtest.Apply(b, pool, p, events[from:from+batch])
					}
					for i := range n {
						user := randomID(uint64(i))
						stream, _ := c.first(user)
						log.Append(stream, c.then(user))
					}
					events = log.Events()[n:]
				}
				b.ResetTimer()
				for from := 0; from < n; from += batch {
					projtest.Apply(b, pool, p, events[from:from+batch])
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

// randomID is an id as spread out as random ones.
func randomID(n uint64) domain.ID {
	var id domain.ID
	binary.BigEndian.PutUint64(id[:8], (n+1)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}
