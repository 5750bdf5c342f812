// Package limiter counts how often passwords are tried and mails are wished for, so that neither can be had without end.
// Three counts bound the guessing of passwords:
//
//   - of an account from a source: a few failures, then a lockout that doubles each time. A password that was right
//     forgives them.
//   - of a source at all accounts, against many passwords or addresses tried from one place.
//   - of an account from all sources, against many places that try one account.
//
// The last two do not hold for a source from which the account's password was right within 30 days: nobody can lock an
// owner out of the places that the owner uses. A try is counted before its password is looked at and taken back if it was
// right; those that are being looked at are known as such, so that many at one moment get no more guesses than one after
// the other, and right ones are not refused for their number.
//
// Accounts and sources are named by keyed hashes. The counts are kept in Postgres, where all instances share them, or, for
// tests, in memory. The package imports domain and pgx.
package limiter

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"time"

	"am-user-management/domain"
)

// The rules.
var (
	// ErrLocked: too many passwords for the account were wrong. It is the same for accounts that do not exist.
	ErrLocked = &domain.Error{
		Kind: domain.Limited, Code: "account.locked",
		Title: "Too many failed attempts; wait before the next one.",
	}
	// ErrSource: too many attempts of one source failed, or too many mails were asked for from there.
	ErrSource = &domain.Error{
		Kind: domain.Limited, Code: "request.too-many",
		Title: "Too many requests from this network address; wait before the next one.",
	}
	// ErrUnreachable: the counts can neither be read nor written, so nothing is tried.
	ErrUnreachable = &domain.Error{
		Kind: domain.Unavailable, Code: "request.limiter-unavailable",
		Title: "The request cannot be counted right now, and is not carried out; send it again.",
	}
)

// Rules are what an operator decides.
type Rules struct {
	// Attempts is how many passwords for an account may be wrong from one source until it is locked out there. Ten times
	// as many may be wrong from one source within a quarter of an hour, and for one account within an hour.
	Attempts int
	// Lock is how long the first lockout lasts. Each further one within a day lasts twice as long, up to a day.
	Lock time.Duration
}

// KeyLabel is what the key that names accounts and sources is derived for.
const KeyLabel = "limiter"

const (
	day = 24 * time.Hour
	// maxLock bounds lockouts that grow; one may start longer than that.
	maxLock = day
	// knownFor is how long a source is known after the password was right.
	knownFor = 30 * day
	// abandoned is after what time a try that is being looked at counts as failed: whoever looked at it is gone.
	abandoned = 10 * time.Second
	// wide is how many times more than Attempts a source, or all sources together, may fail.
	wide          = 10
	sourceWindow  = 15 * time.Minute
	accountWindow = time.Hour
	pairWindow    = day
	// What mails may be wished for.
	mailPause      = time.Minute
	mailsAnHour    = 30
	mailsOfASource = 60
)

// budget is how many tries a key has within a window.
type budget struct {
	key    key
	tries  int
	window time.Duration
	// keep is how much longer than the window the row has something to say.
	keep time.Duration
}

const keySize = 16

// key names a row: a keyed hash, or, for an account from a source, one after the other.
type key string

func (k key) bytes() []byte { return []byte(k) }

// after is the end of the keys that begin with k.
func (k key) after() key { return k + key(bytes.Repeat([]byte{0xff}, keySize+1)) }

// namer makes keys.
type namer struct{ secret []byte }

func (n namer) name(kind, text string) key {
	mac := hmac.New(sha256.New, n.secret)
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write([]byte(text))
	return key(mac.Sum(nil)[:keySize])
}

func (n namer) account(account string) key { return n.name("account", account) }
func (n namer) source(source string) key   { return n.name("source", network(source)) }

// network is what one client has at least: an IPv4 address, or a /64 of IPv6, in which it can choose any.
func network(source string) string {
	address, err := netip.ParseAddr(source)
	if err != nil {
		return "" // not from a network: all the same source
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// attempt is the three budgets of a try; the first is that of the account from the source.
func (r Rules) attempt(n namer, account, source string) []budget {
	of, from := n.account(account), n.source(source)
	return []budget{
		{key: of + from, tries: r.Attempts, window: pairWindow, keep: r.longest()},
		{key: of, tries: wide * r.Attempts, window: accountWindow},
		{key: from, tries: wide * r.Attempts, window: sourceWindow},
	}
}

// mail is the budgets of a wish for a mail; the first is that of the source.
func mail(n namer, kind, account, source string) []budget {
	return []budget{
		{key: n.name("mail source", network(source)), tries: mailsOfASource, window: time.Hour},
		{key: n.name("mail pause/"+kind, account), tries: 1, window: mailPause},
		{key: n.name("mail/"+kind, account), tries: mailsAnHour, window: time.Hour},
	}
}

// longest is the longest lockout.
func (r Rules) longest() time.Duration { return max(r.Lock, maxLock) }

// row is what is known of a key.
type row struct {
	free, open  int
	locks       int
	openedAt    time.Time
	windowEnds  time.Time
	lockedUntil time.Time
	provenAt    time.Time
}

func (r row) known(now time.Time) bool { return r.provenAt.After(now.Add(-knownFor)) }

// crowded reports whether what took the last tries may yet turn out right.
func (r row) crowded(now time.Time) bool { return r.open > 0 && r.openedAt.After(now.Add(-abandoned)) }
