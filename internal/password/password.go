// Package password hashes passwords and proves them, within a bound: each hash takes memory and a core on purpose,
// so never more run at once than there are slots, and who cannot be served soon is told so at once rather than
// queued without end. Hashes are argon2id in PHC strings, so that their cost can change over the years, made of the
// password under a pepper, a key that is kept apart from them. Passwords are compared in Unicode's composed form (NFC),
// because keyboards differ in how they spell the same letter. Hashes that other systems made, of argon2id and bcrypt, are
// proven as well. The package imports domain, argon2, bcrypt, the normaliser and a list of common passwords.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"

	"am-user-management/domain"
)

const (
	saltSize = 16
	hashSize = 32
	// queuePerSlot bounds who waits: more could not be served within a reasonable wait anyway.
	queuePerSlot = 64
)

// ErrBusy: too many passwords are being hashed; the same request may be sent again a little later.
var ErrBusy = &domain.Error{
	Kind: domain.Unavailable, Code: "password.busy",
	Title: "Too many passwords are being checked right now; try again shortly.",
}

// Params are what one hash costs.
type Params struct {
	MemoryKiB   uint32
	Time        uint32 // passes over the memory
	Parallelism uint8  // lanes; each is computed by a goroutine of its own
}

// Options are what an operator decides.
type Options struct {
	Params
	// Peppers are keys that hashes are made with: new ones with the first, the others prove older hashes. Without any,
	// hashes are made without one.
	Peppers []Pepper
	// MinLength is the least number of code points of a new password.
	MinLength int
	// Context is what nobody may choose as a password here, such as the name of the service.
	Context []string
	// Slots is how many hashes run at once; the cores of the machine is a good number. They take at most
	// Slots × MemoryKiB, plus what the garbage collector has not freed yet.
	Slots int
	// MaxWait is how long a request waits for a slot before it gets ErrBusy.
	MaxWait time.Duration
}

// Hasher hashes and verifies. It may be used from many goroutines. New makes it.
type Hasher struct {
	options Options
	peppers peppers
	pepper  string // the id of the one for new hashes
	common  common
	queue   chan struct{} // who waits or works
	slots   chan struct{} // who works
	decoy   phc
	ballast []byte
}

// New returns a hasher, or an error for options that cannot work.
func New(options Options) (*Hasher, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	if options.Slots < 1 || options.MaxWait <= 0 || options.MinLength < 1 || options.MinLength > MaxLength {
		return nil, fmt.Errorf("%d slots, a wait of %s and a minimum of %d characters cannot work",
			options.Slots, options.MaxWait, options.MinLength)
	}
	known, err := newPeppers(options.Peppers)
	if err != nil {
		return nil, err
	}
	first := ""
	if len(options.Peppers) > 0 {
		first = options.Peppers[0].ID
	}
	return &Hasher{
		options: options,
		peppers: known,
		pepper:  first,
		common:  newCommon(options.MinLength),
		queue:   make(chan struct{}, options.Slots*(1+queuePerSlot)),
		slots:   make(chan struct{}, options.Slots),
		decoy:   phc{Params: options.Params, pepper: first, salt: make([]byte, saltSize), hash: make([]byte, hashSize)},
		ballast: newBallast(options.MemoryKiB),
	}, nil
}

// Hash returns the PHC string of a new hash with a salt of its own. It returns ErrBusy, or the context's error.
func (h *Hasher) Hash(ctx context.Context, plain string) (string, error) {
	made := phc{Params: h.options.Params, pepper: h.pepper, salt: make([]byte, saltSize)}
	rand.Read(made.salt)
	var err error
	if made.hash, err = h.derive(ctx, made, hashSize, plain); err != nil {
		return "", err
	}
	return made.String(), nil
}

// Verify reports whether the hash was made from the password, and whether a new hash should be made of it because
// the parameters or the pepper have changed since, or another system made it. It returns ErrFormat for a string that is
// no hash we can prove or whose cost is absurd, ErrPepper for one whose pepper is missing, ErrBusy, or the context's error.
func (h *Hasher) Verify(ctx context.Context, text, plain string) (ok, rehash bool, err error) {
	if isBcrypt(text) {
		ok, err = h.verifyBcrypt(ctx, text, plain)
		return ok, ok, err
	}
	stored, err := parse(text)
	if err != nil {
		return false, false, err
	}
	derived, err := h.derive(ctx, stored, len(stored.hash), plain)
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(derived, stored.hash) == 1
	return ok, ok && (stored.Params != h.options.Params || stored.pepper != h.pepper || len(stored.hash) != hashSize), nil
}

// Decoy does the work of Verify for nobody, so that an unknown account takes as long as a known one. It returns
// ErrBusy, or the context's error.
func (h *Hasher) Decoy(ctx context.Context, plain string) error {
	_, err := h.derive(ctx, h.decoy, hashSize, plain)
	return err
}

// derive is where memory and a core are spent.
func (h *Hasher) derive(ctx context.Context, p phc, size int, plain string) ([]byte, error) {
	seasoned, err := h.peppers.season(p.pepper, plain)
	if err != nil {
		return nil, err
	}
	if err := h.enter(ctx); err != nil {
		return nil, err
	}
	defer h.leave()
	return argon2.IDKey(seasoned, p.salt, p.Time, p.MemoryKiB, p.Parallelism, uint32(size)), nil
}

func (h *Hasher) verifyBcrypt(ctx context.Context, text, plain string) (bool, error) {
	if err := checkBcrypt(text); err != nil {
		return false, err
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	return verifyBcrypt(text, plain)
}

func (h *Hasher) enter(ctx context.Context) error {
	select {
	case h.queue <- struct{}{}:
	default:
		return ErrBusy
	}
	waiting, cancel := context.WithTimeoutCause(ctx, h.options.MaxWait, ErrBusy)
	defer cancel()
	err := context.Cause(waiting)
	if err == nil {
		select {
		case h.slots <- struct{}{}:
			return nil
		case <-waiting.Done():
			err = context.Cause(waiting)
		}
	}
	<-h.queue
	if errors.Is(err, ErrBusy) {
		return ErrBusy
	}
	return err
}

func (h *Hasher) leave() {
	<-h.slots
	<-h.queue
}
