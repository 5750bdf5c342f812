package node

import (
	"bytes"
	"regexp"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"am-user-management/internal/node/store"
)

// filter chooses events of the whole log. Its zero value chooses all and asks for no checkpoints.
type filter struct {
	match func(text []byte) bool
	// byStream tells that match looks at the stream's name instead of the event's type.
	byStream bool
	// window is how many events are examined as one page; 0 means that there is no filter.
	window uint64
	// interval is after how many examined events a subscription gets a checkpoint.
	interval uint64
}

const (
	defaultWindow = 32

	// noSystemEvents is the expression by which clients leave out system events, too common to leave to a matcher.
	noSystemEvents = `^[^\$].*`
)

func newFilter(options *streams.ReadReq_Options_FilterOptions) (*filter, error) {
	if options == nil {
		return &filter{}, nil
	}
	f := &filter{}
	switch window := options.GetWindow().(type) {
	case *streams.ReadReq_Options_FilterOptions_Max:
		f.window = uint64(window.Max)
	case *streams.ReadReq_Options_FilterOptions_Count:
		f.window = defaultWindow
	default:
		return nil, invalid("the filter's window is missing")
	}
	f.window = max(f.window, 1)
	f.interval = f.window * uint64(max(options.GetCheckpointIntervalMultiplier(), 1))

	var expression *streams.ReadReq_Options_FilterOptions_Expression
	switch by := options.GetFilter().(type) {
	case *streams.ReadReq_Options_FilterOptions_StreamIdentifier:
		expression, f.byStream = by.StreamIdentifier, true
	case *streams.ReadReq_Options_FilterOptions_EventType:
		expression = by.EventType
	default:
		return nil, invalid("the filter's expression is missing")
	}
	var err error
	f.match, err = matcher(expression)
	return f, err
}

func matcher(expression *streams.ReadReq_Options_FilterOptions_Expression) (func([]byte) bool, error) {
	switch regex := expression.GetRegex(); regex {
	case "":
	case noSystemEvents:
		return func(text []byte) bool { return len(text) > 0 && text[0] != '$' }, nil
	default:
		compiled, err := regexp.Compile(regex)
		if err != nil {
			return nil, invalid("the filter's regular expression: " + err.Error())
		}
		return compiled.Match, nil
	}
	prefixes := make([][]byte, 0, len(expression.GetPrefix()))
	for _, prefix := range expression.GetPrefix() {
		prefixes = append(prefixes, []byte(prefix))
	}
	return func(text []byte) bool {
		for _, prefix := range prefixes {
			if bytes.HasPrefix(text, prefix) {
				return true
			}
		}
		return false
	}, nil
}

func (f *filter) matches(record *store.Record) bool {
	switch {
	case f.match == nil:
		return true
	case f.byStream:
		return f.match(record.Stream)
	}
	return f.match(record.Type)
}

// pageLimit is how many records to take from the store at once when count matching ones are wanted.
func (f *filter) pageLimit(count uint64) int {
	if f.match != nil {
		return pageRecords
	}
	return int(min(count, pageRecords))
}

// hiddenStream tells whether readers of the whole log never see a stream.
func hiddenStream(name []byte) bool {
	if len(name) == 0 || name[0] != '$' {
		return false
	}
	const persistentPrefix = "$persistentsubscription-$all::"
	return string(name) == epochStream || bytes.HasPrefix(name, []byte(persistentPrefix)) &&
		(bytes.HasSuffix(name, []byte("-checkpoint")) || bytes.HasSuffix(name, []byte("-parked")))
}
