package store

// Page receives the records of one read. It may be used again once its records are no longer needed; the bytes that
// they refer to stay valid.
type Page struct {
	// Records are in the order of the read. Those without an event (Void) have no place in a stream.
	Records []*Record
	// FromMemory tells that the records came from those kept for live subscribers: the reader keeps up.
	FromMemory bool

	decoded []Record
	bytes   slab
}

func (p *Page) reset() {
	p.Records, p.FromMemory = p.Records[:0], false
	p.decoded = p.decoded[:0]
}

// room returns a place for a decoded record. Places that were handed out keep their address when the page grows.
func (p *Page) room() *Record {
	if len(p.decoded) == cap(p.decoded) {
		p.decoded = make([]Record, 0, max(16, min(2*cap(p.decoded), 512)))
	}
	p.decoded = p.decoded[:len(p.decoded)+1]
	return &p.decoded[len(p.decoded)-1]
}

// slab copies many small byte slices into few allocations.
type slab struct {
	free []byte
	size int
}

const (
	slabFirst = 4 << 10
	slabMost  = 128 << 10
)

func (s *slab) copy(b []byte) []byte {
	if len(b) > len(s.free) {
		s.size = min(max(2*s.size, slabFirst), slabMost)
		s.free = make([]byte, max(s.size, len(b)))
	}
	out := s.free[:len(b):len(b)]
	s.free = s.free[len(b):]
	copy(out, b)
	return out
}
