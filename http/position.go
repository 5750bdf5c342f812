package http

import (
	"encoding/binary"
	"sync/atomic"

	"am-user-management/internal/eventstore"
)

// PositionCodec writes log positions as text that says nothing to clients: neither how much is written here nor how
// much was written between two answers. The same position is always the same text. A text that this service's key did
// not make is refused, so that nobody waits for a position out of thin air.
type PositionCodec struct {
	sealer *sealer
	last   atomic.Pointer[writtenPosition]
}

type writtenPosition struct {
	position eventstore.Position
	text     string
}

const positionSize = 16

// NewPositionCodec takes a key that is secret and the same on every instance.
func NewPositionCodec(key []byte) (*PositionCodec, error) {
	sealer, err := newSealer(key)
	return &PositionCodec{sealer: sealer}, err
}

// Text is the position as text for a header or a query: URL-safe, without padding.
func (c *PositionCodec) Text(p eventstore.Position) string {
	if last := c.last.Load(); last != nil && last.position == p {
		return last.text // reads between two writes all answer the same one
	}
	var plain [positionSize]byte
	binary.BigEndian.PutUint64(plain[:8], p.Commit)
	binary.BigEndian.PutUint64(plain[8:], p.Prepare)
	text := c.sealer.seal(plain[:])
	c.last.Store(&writtenPosition{p, text})
	return text
}

// Parse reads what Text wrote. Any other text is domain.ErrInvalid.
func (c *PositionCodec) Parse(text string) (eventstore.Position, error) {
	position, ok := c.open(text)
	if !ok {
		return eventstore.Position{}, invalid("Consistency-Token", "is not a token of this service")
	}
	return position, nil
}

func (c *PositionCodec) open(text string) (eventstore.Position, bool) {
	plain, ok := c.sealer.open(text, positionSize)
	if !ok {
		return eventstore.Position{}, false
	}
	return eventstore.Position{
		Commit:  binary.BigEndian.Uint64(plain[:8]),
		Prepare: binary.BigEndian.Uint64(plain[8:]),
	}, true
}

// parseOptional is Parse, and the zero position for no header at all.
func (c *PositionCodec) parseOptional(values []string) (eventstore.Position, error) {
	switch len(values) {
	case 0:
		return eventstore.Position{}, nil
	case 1:
		return c.Parse(values[0])
	}
	return eventstore.Position{}, invalid("Consistency-Token", "must be given once")
}
