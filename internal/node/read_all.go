package node

import (
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// allStream is the name under which access to the whole log is granted.
const allStream = "$all"

func (r *reader) readOrSubscribeAll(options *streams.ReadReq_Options, target *streams.ReadReq_Options_AllOptions, subscribe bool) error {
	if err := r.guard.Check(r.ctx, access.Read, allStream); err != nil {
		return err
	}
	var position uint64
	switch start := target.GetAllOption().(type) {
	case *streams.ReadReq_Options_AllOptions_Position:
		position = start.Position.GetCommitPosition()
		if err := checkPosition(start.Position); err != nil {
			return err
		}
	case *streams.ReadReq_Options_AllOptions_Start:
	case *streams.ReadReq_Options_AllOptions_End:
		position = math.MaxUint64
	default:
		return invalid("the position to read from is missing")
	}
	wanted, err := newFilter(options.GetFilter())
	if err != nil {
		return err
	}
	switch {
	case subscribe && options.GetFilter() != nil && options.GetFilter().GetCheckpointIntervalMultiplier() == 0:
		return invalid("the filter's checkpoint interval must not be 0")
	case subscribe:
		return r.subscribeAll(position, wanted)
	case options.GetReadDirection() == streams.ReadReq_Options_Backwards:
		return r.readAllBackwards(position, wanted, options.GetCount())
	case position == math.MaxUint64:
		return nil
	}
	return r.readAllForwards(position, wanted, options.GetCount())
}

func checkPosition(position *streams.ReadReq_Options_Position) error {
	commit, prepare := position.GetCommitPosition(), position.GetPreparePosition()
	switch {
	case commit < prepare:
		return invalid("commit position must not be less than prepare position")
	case commit > math.MaxInt64 && commit != math.MaxUint64:
		return invalid("position out of range")
	}
	return nil
}

// readAllForwards sends at most count matching events from position on, as far as the log goes now.
func (r *reader) readAllForwards(position uint64, wanted *filter, count uint64) error {
	last := r.store.Last()
	for position <= last && count > 0 {
		next, err := r.store.ReadForward(&r.page, position, wanted.pageLimit(count))
		if err != nil {
			return err
		}
		if next == position {
			return nil
		}
		if count, err = r.sendWanted(wanted, count); err != nil {
			return err
		}
		position = next
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// readAllBackwards sends at most count matching events of positions lower than before, the highest first.
func (r *reader) readAllBackwards(before uint64, wanted *filter, count uint64) error {
	for before > 0 && count > 0 {
		next, err := r.store.ReadBackward(&r.page, before, wanted.pageLimit(count))
		if err != nil {
			return err
		}
		if count, err = r.sendWanted(wanted, count); err != nil {
			return err
		}
		before = next
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// sendWanted sends the matching records of the page and returns how many more may follow.
func (r *reader) sendWanted(wanted *filter, count uint64) (uint64, error) {
	for _, record := range r.page.Records {
		if count == 0 {
			break
		}
		if !visible(record) || !wanted.matches(record) {
			continue
		}
		if err := r.send(record); err != nil {
			return 0, err
		}
		count--
	}
	return count, nil
}

// visible tells whether a record is shown to readers of the whole log.
func visible(record *store.Record) bool {
	return !record.Void() && !hiddenStream(record.Stream)
}
