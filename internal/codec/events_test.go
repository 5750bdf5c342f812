package codec_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// The events of a module that exists in these tests only.

type joined struct {
	UserID       domain.ID       `json:"user_id"`
	Name         domain.Personal `json:"name"`
	Phone        domain.Personal `json:"phone,omitzero"`
	CredentialID domain.ID       `json:"credential_id"`
	Hash         domain.Secret   `json:"hash"`
	At           time.Time       `json:"at"`
}

func (joined) EventType() string         { return "club.joined.v1" }
func (e joined) Subject() domain.ID      { return e.UserID }
func (renamed) EventType() string        { return "club.renamed.v1" }
func (e renamed) Subject() domain.ID     { return e.UserID }
func (left) EventType() string           { return "club.left.v1" }
func (member) EventType() string         { return "club.member_joined.v1" }
func (e member) Subject() domain.ID      { return e.UserID }
func (e member) Credential() domain.ID   { return e.CredentialID }
func (noSubject) EventType() string      { return "club.no_subject.v1" }
func (noCredential) EventType() string   { return "club.no_credential.v1" }
func (badName) EventType() string        { return "club.JoinedTwice" }
func (sameName) EventType() string       { return "club.left.v1" }
func (losesClearing) EventType() string  { return "club.loses_clearing.v1" }
func (losesClearing) Subject() domain.ID { return ann }
func (*pointer) EventType() string       { return "club.pointer.v1" }

type renamed struct {
	UserID  domain.ID                  `json:"user_id"`
	Name    *domain.Personal           `json:"name,omitempty"`
	Aliases []domain.Personal          `json:"aliases,omitempty"`
	Notes   map[string]domain.Personal `json:"notes,omitempty"`
}

type left struct {
	UserID domain.ID `json:"user_id"`
	Why    string    `json:"why,omitzero"`
}

// member is joined with its credential's key; joined itself is what New must refuse.
type member joined

type (
	noSubject     struct{ Names []*domain.Personal }
	noCredential  struct{ Inner struct{ Hash domain.Secret } }
	badName       struct{}
	sameName      struct{}
	pointer       struct{}
	losesClearing struct {
		Name   *domain.Personal `json:"name,omitzero"`
		hidden bool
	}
)

var club = []domain.Event{member{}, renamed{}, left{}}

var (
	ann        = domain.ID{0xa}
	credential = domain.ID{0xc}
	noon       = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

func annJoins() member {
	return member{
		UserID: ann, Name: domain.NewPersonal("Ann Ætting"), CredentialID: credential,
		Hash: domain.NewSecret("$argon2id$…"), At: noon,
	}
}

func draft(event domain.Event) eventstore.Draft {
	return eventstore.Draft{ID: uuid.New(), Event: event, Meta: eventstore.Metadata{
		CorrelationID: uuid.New(), CausationID: uuid.New(), CommandID: uuid.New(), Fingerprint: "print",
		Actor: eventstore.Actor{ID: ann.String(), Kind: eventstore.User}, Traceparent: "00-1-2-01",
		Client: eventstore.Client{IP: domain.NewPersonal("192.0.2.7"), UserAgent: domain.NewPersonal("curl/8")},
	}}
}

func open(tb testing.TB, keys codec.Keys) *codec.Codec {
	tb.Helper()
	c, err := codec.New(keys, club)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func encode(tb testing.TB, c *codec.Codec, stream string, drafts ...eventstore.Draft) []eventstore.Recorded {
	tb.Helper()
	records, err := c.Encode(tb.Context(), stream, drafts)
	if err != nil {
		tb.Fatal(err)
	}
	return records
}

func decode(tb testing.TB, c *codec.Codec, records ...eventstore.Recorded) []eventstore.Envelope {
	tb.Helper()
	envelopes, err := c.Decode(tb.Context(), records)
	if err != nil {
		tb.Fatal(err)
	}
	return envelopes
}

// countingKeys counts the calls to a ring, and fails when told to.
type countingKeys struct {
	*keyring.Memory
	actives, byIDs int
	err            error
}

var errDown = errors.New("the ring does not answer")

func (k *countingKeys) Active(ctx context.Context, subjects ...domain.ID) ([]keyring.Key, error) {
	k.actives++
	if k.err != nil {
		return nil, k.err
	}
	return k.Memory.Active(ctx, subjects...)
}

func (k *countingKeys) ByID(ctx context.Context, ids ...domain.ID) ([]keyring.Key, error) {
	k.byIDs++
	if k.err != nil {
		return nil, k.err
	}
	return k.Memory.ByID(ctx, ids...)
}
