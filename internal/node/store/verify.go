package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// Verified is what Verify has looked at.
type Verified struct {
	// Last is the position of the last record, Durable the one that the log is known to have reached; never beyond Last.
	Last, Durable uint64
	Events        uint64
	Streams       uint64
}

// Verify reads the whole log of a folder that no store has open, and changes nothing. It returns nil if every record is
// there and as it was written, the index of streams has an entry for each and no other, and every stream's head is what
// its events make it. The error is a CorruptError that names the first fault, ErrNoLog, ErrLocked, or what the disk said.
// On a file system that is read-only it does without the lock: nobody there can have the log open for writing.
//
// Memory does not depend on the size of the log.
func Verify(ctx context.Context, options Options) (Verified, error) {
	options = withDefaults(options)
	if err := Exists(options); err != nil {
		return Verified{}, err
	}
	lock, err := lockDir(options)
	readOnly := errors.Is(err, syscall.EROFS)
	if err != nil && !readOnly {
		return Verified{}, err
	}
	found, err := verifyLocked(ctx, options)
	if !readOnly {
		err = errors.Join(err, lock.Close())
	}
	if err != nil {
		return found, fmt.Errorf("event store in %s: %w", options.Dir, err)
	}
	return found, nil
}

func verifyLocked(ctx context.Context, options Options) (Verified, error) {
	durable, err := readMark(options.FS, options.Dir)
	if err != nil {
		return Verified{}, err
	}
	if err := checkEnd(options, durable); err != nil {
		return Verified{}, err
	}
	db, err := openReadOnly(options)
	if errors.Is(err, pebble.ErrDBDoesNotExist) { // and checkEnd misses nothing
		return Verified{}, fmt.Errorf("%w yet: only the file %s is there, of a start that was cut short; the next start goes on from it",
			ErrNoLog, markName)
	}
	if err != nil {
		return Verified{}, err
	}
	v := &verifier{ctx: ctx, db: db, found: Verified{Durable: durable}}
	err = v.all()
	return v.found, errors.Join(err, db.Close())
}

// verifier reads a log from end to end.
type verifier struct {
	ctx   context.Context //nolint:containedctx // it lives as long as the call
	db    *pebble.DB
	found Verified
}

func (v *verifier) all() (err error) {
	if v.found.Last, err = lastPosition(v.db); err != nil {
		return err
	}
	for _, part := range []func() error{v.events, v.index, v.heads} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// each hands every entry of one kind to see. Its key and value must not be kept.
func (v *verifier) each(prefix byte, what string, see func(key, value []byte) error) error {
	it, err := v.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefix}, UpperBound: []byte{prefix + 1}})
	if err != nil {
		return err
	}
	for there := it.First(); there; there = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = v.ctx.Err()
		}
		if err == nil {
			err = see(it.Key(), value)
		}
		if err != nil {
			return closing(it, unreadable(what, err))
		}
	}
	return closing(it, unreadable(what, it.Error()))
}

// events sees that positions have no gap, that each record is whole, and that the index leads to it.
func (v *verifier) events() error {
	it, err := v.db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventPrefix}, UpperBound: []byte{eventPrefix + 1}})
	if err != nil {
		return err
	}
	var record Record
	there := it.First()
	for position := uint64(1); position <= v.found.Last; position++ {
		value, err := valueAt(it, there, position)
		if err == nil {
			err = decodeStored(&record, position, value)
		}
		if err == nil && !record.Void() {
			v.found.Events++
			err = v.indexed(&record)
		}
		if err = errors.Join(err, v.ctx.Err()); err != nil {
			return closing(it, err)
		}
		there = it.Next()
	}
	return closing(it, it.Error())
}

// indexed sees that the index leads to a record.
func (v *verifier) indexed(record *Record) error {
	stream := string(record.Stream)
	what := fmt.Sprintf("event at position %d: index of stream %q at revision %d", record.Position, stream, record.Revision)
	value, closer, err := v.db.Get(appendStreamKey(nil, stream, record.Revision))
	if err != nil {
		return unreadable(what, err)
	}
	position, err := decodePosition(stream, record.Revision, value)
	if err == nil && position != record.Position {
		err = &CorruptError{What: fmt.Sprintf("%s leads to position %d", what, position)}
	}
	return errors.Join(err, closer.Close())
}

// index sees that streams have no gap, and that the index has no entry but those that events has found.
func (v *verifier) index() error {
	var prefix []byte
	next, entries := uint64(0), uint64(0)
	err := v.each(streamPrefix, "index of streams", func(key, value []byte) error {
		name, revision, ok := splitStreamKey(key)
		if !ok {
			return &CorruptError{What: fmt.Sprintf("key %q of the index does not decode", key)}
		}
		if string(key[:len(key)-positionLen]) != string(prefix) {
			prefix, next = append(prefix[:0], key[:len(key)-positionLen]...), 0
			v.found.Streams++
		}
		if revision != next && revision != TombstoneRevision {
			return &CorruptError{What: fmt.Sprintf("index of stream %q at revision %d is missing", name, next)}
		}
		next++
		entries++
		if len(value) != positionLen || binary.BigEndian.Uint64(value) > v.found.Last {
			return &CorruptError{What: fmt.Sprintf("index of stream %q at revision %d leads to no event", name, revision)}
		}
		return nil
	})
	if err == nil && entries != v.found.Events {
		return &CorruptError{What: fmt.Sprintf("the index of streams has %d entries for %d events", entries, v.found.Events)}
	}
	return err
}

// heads sees that heads are what the events of their streams make them, and that no stream is without.
func (v *verifier) heads() error {
	streams := uint64(0)
	err := v.each(headPrefix, "heads of streams", func(key, value []byte) error {
		name := headKeyName(key)
		stored, err := decodeHead(key, value)
		if err != nil {
			return err
		}
		want, err := v.headOf(name)
		if err != nil {
			return err
		}
		if want.last >= 0 || want.tombstoned {
			streams++
		}
		want.position = stored.position // which groups may move
		if *stored != *want || stored.position > v.found.Last {
			return &CorruptError{What: fmt.Sprintf("head of stream %q does not fit its events: it says revision %d, there is %d",
				name, stored.last, want.last)}
		}
		return nil
	})
	if err == nil && streams != v.found.Streams {
		return &CorruptError{What: fmt.Sprintf("there are heads of %d streams, the index has %d", streams, v.found.Streams)}
	}
	return err
}

// headOf makes a stream's head from its events.
func (v *verifier) headOf(name string) (*head, error) {
	h := noHead()
	last, tombstoned, err := v.lastRevision(name)
	if err != nil {
		return nil, err
	}
	h.last, h.tombstoned = last, tombstoned
	if IsMetastream(name) {
		return h, nil
	}
	metadata, _, err := v.lastRevision(metastreamPrefix + name)
	if err != nil || metadata < 0 {
		return h, err
	}
	record, err := loadRecord(v.db, metastreamPrefix+name, uint64(metadata))
	if err != nil {
		return nil, err
	}
	h.hasMetadata, h.cut = true, parseCut(record.JSON, record.Data)
	return h, nil
}

// lastRevision finds the end of a stream in the index; -1 if it has no event.
func (v *verifier) lastRevision(name string) (last int64, tombstoned bool, err error) {
	it, err := v.db.NewIter(&pebble.IterOptions{
		LowerBound: appendStreamKey(nil, name, 0), UpperBound: appendStreamKey(nil, name, math.MaxUint64),
	})
	if err != nil {
		return 0, false, err
	}
	there := it.Last()
	if there && streamKeyRevision(it.Key()) == TombstoneRevision {
		tombstoned, there = true, it.Prev()
	}
	last = -1
	if there {
		last = int64(streamKeyRevision(it.Key()))
	}
	return last, tombstoned, closing(it, unreadable(fmt.Sprintf("index of stream %q", name), it.Error()))
}
