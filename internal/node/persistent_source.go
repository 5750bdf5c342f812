package node

import (
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"

	"am-user-management/internal/node/persistent"
)

// sourceName returns the name of what a group is about.
func sourceName(stream *shared.StreamIdentifier, all bool) (string, error) {
	if all {
		return persistent.AllStream, nil
	}
	name := streamName(stream)
	if name == "" {
		return "", invalid("stream name must not be empty")
	}
	return name, nil
}

// checkSource refuses a stream without a name, and the whole log asked for as a stream.
func checkSource(definition *persistent.Definition, all bool) error {
	switch {
	case definition.Stream == "":
		return invalid("stream name must not be empty")
	case definition.Stream == persistent.AllStream && !all:
		return &persistent.Error{
			Kind: persistent.Refused, Stream: definition.Stream, Group: definition.Group,
			Reason: "Persistent subscriptions to $all are only supported over gRPC through gRPC clients",
		}
	}
	return nil
}

// startRevision reads a revision, of which the highest number stands for the end.
func startRevision(n uint64) (int64, error) {
	if n == math.MaxUint64 {
		return persistent.FromEnd, nil
	}
	return revision(n)
}

// position is what Create's and Update's positions have in common.
type position interface {
	GetCommitPosition() uint64
	GetPreparePosition() uint64
}

// startPosition reads a position, of which the highest numbers stand for the end.
func startPosition(from position) (int64, error) {
	commit := from.GetCommitPosition()
	switch {
	case commit == math.MaxUint64 && from.GetPreparePosition() == commit:
		return persistent.FromEnd, nil
	case commit < from.GetPreparePosition():
		return 0, invalid("commit position must not be less than prepare position")
	case commit > math.MaxInt64:
		return 0, invalid("position out of range")
	}
	return int64(commit), nil
}
