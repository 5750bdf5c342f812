package codec

import (
	"fmt"

	"am-user-management/internal/eventstore"
)

// version is one historical shape of an event.
type version struct {
	name   string
	number int
}

// Upcast reads an old shape of an event as the next one. Upcasts form chains: what one makes, another may read.
type Upcast struct {
	// From is the type, and FromVersion its schema version, that is read.
	From        string
	FromVersion int
	// To is the type, and ToVersion its schema version, that is made.
	To        string
	ToVersion int
	// Apply returns the new JSON. It is pure and must not change what it is given. Sealed fields pass through it as
	// they are; it can neither read nor make them.
	Apply func(data []byte) ([]byte, error)
	// Moved tells where each sealed field was that Apply moved: JSON pointer in the new shape → in the old one.
	Moved map[string]string
}

// WithUpcasts teaches the codec old shapes. The highest version made of a type is the one that is written from now
// on. It returns an error for a shape with two upcasts, for a type that no module has, and for a chain that does not
// end at the version that is written.
func (c *Codec) WithUpcasts(upcasts ...Upcast) error {
	for _, up := range upcasts {
		from := version{up.From, up.FromVersion}
		if _, ok := c.upcasts[from]; ok {
			return fmt.Errorf("two upcasts read %s version %d", from.name, from.number)
		}
		c.upcasts[from] = up
		if known, ok := c.types[up.To]; ok && up.ToVersion > known.version {
			known.version = up.ToVersion
			c.types[up.To] = known
		}
	}
	for from := range c.upcasts {
		if err := c.checkChain(from); err != nil {
			return err
		}
	}
	return nil
}

func (c *Codec) checkChain(from version) error {
	at := from
	for range len(c.upcasts) + 1 {
		up, ok := c.upcasts[at]
		if !ok {
			if known, ok := c.types[at.name]; !ok || known.version != at.number {
				return fmt.Errorf("upcasts of %s version %d end at %s version %d, which is not written today",
					from.name, from.number, at.name, at.number)
			}
			return nil
		}
		at = version{up.To, up.ToVersion}
	}
	return fmt.Errorf("upcasts of %s version %d go in a circle", from.name, from.number)
}

// current brings data to the shape that is written today. It returns the type, and where sealed fields were when
// they were sealed. A shape that does not lead there is an UnknownTypeError.
func (c *Codec) current(name string, number int, data []byte) (eventType, []byte, map[string]string, error) {
	at := version{name, max(number, 1)}
	var moved map[string]string
	for len(c.upcasts) > 0 {
		up, ok := c.upcasts[at]
		if !ok {
			break
		}
		next, err := up.Apply(data)
		if err != nil {
			return eventType{}, nil, nil, fmt.Errorf("upcast of %s version %d: %w", at.name, at.number, err)
		}
		data, moved = next, compose(up.Moved, moved)
		at = version{up.To, up.ToVersion}
	}
	known, ok := c.types[at.name]
	if !ok || known.version != at.number {
		return eventType{}, nil, nil, &eventstore.UnknownTypeError{Type: name, Version: max(number, 1)}
	}
	return known, data, moved, nil
}

// compose follows fields through two moves: newest pointer → oldest pointer.
func compose(later, earlier map[string]string) map[string]string {
	if len(earlier) == 0 {
		return later
	}
	both := make(map[string]string, len(later)+len(earlier))
	for to, from := range earlier {
		both[to] = from
	}
	for to, from := range later {
		if origin, ok := earlier[from]; ok {
			from = origin
		}
		both[to] = from
	}
	return both
}
