package codec

import (
	"github.com/go-json-experiment/json"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// storedMetadata is the metadata as it is stored: its own Client, sealed, hides the one in the clear.
type storedMetadata struct {
	eventstore.Metadata
	Client storedClient `json:"client,omitzero"`
}

type storedClient struct {
	IP        string `json:"ip,omitzero"`
	UserAgent string `json:"userAgent,omitzero"`
}

const (
	ipPointer        = "/client/ip"
	userAgentPointer = "/client/userAgent"
)

// read fills the metadata, a zero value.
func (m *storedMetadata) read(text []byte) error {
	if m.scan(text) {
		return nil
	}
	*m = storedMetadata{}
	return json.Unmarshal(text, m)
}

// encodeMetadata seals the client with key; without a key the client is dropped.
func (b *box) encodeMetadata(meta eventstore.Metadata, key keyring.Key) ([]byte, error) {
	stored := storedMetadata{Metadata: meta}
	stored.Metadata.Keys.Client = domain.ID{}
	if !key.ID.IsZero() {
		var err error
		if stored.Client.IP, err = b.sealClient(key, ipPointer, meta.Client.IP); err != nil {
			return nil, err
		}
		if stored.Client.UserAgent, err = b.sealClient(key, userAgentPointer, meta.Client.UserAgent); err != nil {
			return nil, err
		}
		if stored.Client != (storedClient{}) {
			stored.Metadata.Keys.Client = key.ID
		}
	}
	return json.Marshal(&stored)
}

func (b *box) sealClient(key keyring.Key, pointer string, text domain.Personal) (string, error) {
	if text.Text() == "" {
		return "", nil
	}
	return b.seal(key, inMetadata, pointer, text.Text())
}

// openMetadata returns the metadata with its client opened.
func (b *box) openMetadata(stored *storedMetadata, key keyring.Key) (eventstore.Metadata, error) {
	meta := stored.Metadata
	var err error
	if meta.Client.IP, err = b.openClient(key, ipPointer, stored.Client.IP); err != nil {
		return eventstore.Metadata{}, err
	}
	meta.Client.UserAgent, err = b.openClient(key, userAgentPointer, stored.Client.UserAgent)
	return meta, err
}

func (b *box) openClient(key keyring.Key, pointer, stored string) (domain.Personal, error) {
	if stored == "" {
		return domain.Personal{}, nil
	}
	text, erased, err := b.open(key, inMetadata, pointer, []byte(stored))
	if erased {
		return domain.ErasedPersonal(), nil
	}
	return domain.NewPersonal(text), err
}

// clientSubject is whose personal data the source of a request is: the acting user's, or that of the person the
// event tells about; nobody's if there is neither.
func clientSubject(draft eventstore.Draft) (domain.ID, bool) {
	if draft.Meta.Client == (eventstore.Client{}) {
		return domain.ID{}, false
	}
	if draft.Meta.Actor.Kind == eventstore.User {
		if id, err := domain.ParseID(draft.Meta.Actor.ID); err == nil {
			return id, true
		}
	}
	if event, ok := draft.Event.(domain.PersonalEvent); ok {
		return event.Subject(), true
	}
	return domain.ID{}, false
}
