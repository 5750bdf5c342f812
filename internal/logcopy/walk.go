package logcopy

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// Pair is one event in both logs.
type Pair struct{ A, B *Event }

// DifferenceError is the first place where two logs are not the same. It is an error.
type DifferenceError struct {
	// Number is how many events before it are the same.
	Number uint64
	// What names what differs; A and B are the events there, nil where a log has ended.
	What string
	A, B *Event
}

// Error names the place and the two events.
func (d *DifferenceError) Error() string {
	return fmt.Sprintf("after %d equal events the logs differ in %s: %s, but %s", d.Number, d.What, describe(d.A), describe(d.B))
}

func describe(e *Event) string {
	if e == nil {
		return "one log ends"
	}
	return fmt.Sprintf("%s@%d (%s, %s)", e.StreamID, e.EventNumber, e.EventType, e.EventID)
}

// Walk goes through two logs side by side. It is for one goroutine.
//
// The same are: the order of all events, and of each its stream, revision, type, content type, data, metadata and id. A
// server gives ids of its own to what it writes by itself (see serverMade): there the id is not looked at. Placeholders
// that a copy was told to make count as nothing.
type Walk struct {
	a, b  *Reader
	times bool

	pair         Pair
	err          error
	equal        uint64
	placeholders uint64
	digest       *Digest
}

// NewWalk walks through what two readers hand out. With times the times of creation must be the same, too.
func NewWalk(a, b *Reader, times bool) *Walk {
	return &Walk{a: a, b: b, times: times, digest: NewDigest(times)}
}

// Next goes to the next pair. It is false at the end of both logs, and at an error: a *DifferenceError, or the reason why a
// log cannot be read.
func (w *Walk) Next() bool {
	if w.err != nil {
		return false
	}
	a, errA := w.a.Peek()
	b, errB := w.b.Peek()
	for errB == nil && isPlaceholder(b) && (errA != nil || different(a, b, false) != "") {
		w.placeholders++
		_, _ = w.b.Next()
		b, errB = w.b.Peek()
	}
	switch endA, endB := ended(errA), ended(errB); {
	case endA && endB:
		w.err = io.EOF
	case errA != nil && !endA:
		w.err = fmt.Errorf("the first log: %w", errA)
	case errB != nil && !endB:
		w.err = fmt.Errorf("the second log: %w", errB)
	case endA || endB:
		w.err = &DifferenceError{Number: w.equal, What: "length", A: a, B: b}
	default:
		if what := different(a, b, w.times); what != "" {
			w.err = &DifferenceError{Number: w.equal, What: what, A: a, B: b}
		}
	}
	if w.err != nil {
		return false
	}
	_, _ = w.a.Next()
	_, _ = w.b.Next()
	w.equal++
	w.digest.Add(a)
	w.pair = Pair{a, b}
	return true
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, errLive) }

// Pair is where the walk is.
func (w *Walk) Pair() Pair { return w.pair }

// Err is why the walk ended; nil if both logs ended together.
func (w *Walk) Err() error {
	if errors.Is(w.err, io.EOF) {
		return nil
	}
	return w.err
}

// Equal is how many pairs were the same. Placeholders is how many the second log has.
func (w *Walk) Equal() uint64 { return w.equal }

// Placeholders is how many events of the second log stand for events that the first one does not have any more.
func (w *Walk) Placeholders() uint64 { return w.placeholders }

// Digest is the digest of the pairs so far.
func (w *Walk) Digest() string { return w.digest.String() }

// different names what differs in two events, "" if nothing does.
func different(a, b *Event, times bool) string {
	switch {
	case a.StreamID != b.StreamID:
		return "stream"
	case a.EventNumber != b.EventNumber:
		return "revision"
	case a.EventType != b.EventType:
		return "type"
	case a.EventID != b.EventID && !serverMade(a):
		return "id"
	case a.ContentType != b.ContentType:
		return "content type"
	case !bytes.Equal(a.Data, b.Data):
		return "data"
	case !bytes.Equal(a.UserMetadata, b.UserMetadata):
		return "metadata"
	case times && !a.CreatedDate.Equal(b.CreatedDate) && !serverMade(a):
		return "time of creation"
	}
	return ""
}

// Digest is a SHA-256 over events, the same for logs that a Walk finds the same, whatever the store. NewDigest makes it.
type Digest struct {
	sum   hash.Hash
	times bool
	frame []byte
	count uint64
}

// NewDigest is the digest of no events. With times it covers the times of creation.
func NewDigest(times bool) *Digest { return &Digest{sum: sha256.New(), times: times} }

// Add adds an event. Each field is preceded by its length, so that no two logs have one frame.
func (d *Digest) Add(e *Event) {
	if isPlaceholder(e) {
		return
	}
	d.count++
	f := d.frame[:0]
	f = frame(f, []byte(e.StreamID))
	f = binary.BigEndian.AppendUint64(f, e.EventNumber)
	f = frame(f, []byte(e.EventType))
	f = frame(f, []byte(e.ContentType))
	if !serverMade(e) {
		f = append(f, e.EventID[:]...)
		if d.times {
			f = binary.BigEndian.AppendUint64(f, uint64(e.CreatedDate.Unix()))
			f = binary.BigEndian.AppendUint32(f, uint32(e.CreatedDate.Nanosecond()/int(100*time.Nanosecond)))
		}
	}
	f = frame(f, e.Data)
	d.frame = frame(f, e.UserMetadata)
	d.sum.Write(d.frame)
}

// Count is how many events it covers.
func (d *Digest) Count() uint64 { return d.count }

// String is the digest in hexadecimal digits.
func (d *Digest) String() string { return hex.EncodeToString(d.sum.Sum(nil)) }

func frame(to, part []byte) []byte {
	return append(binary.BigEndian.AppendUint64(to, uint64(len(part))), part...)
}
