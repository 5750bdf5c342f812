package esdb

import (
	"errors"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// FilterType says what a filter looks at.
type FilterType int

const (
	// EventFilterType looks at the type of events.
	EventFilterType FilterType = iota
	// StreamFilterType looks at the names of streams.
	StreamFilterType
)

// NoMaxSearchWindow leaves the search window to the server.
const NoMaxSearchWindow int = -1

const (
	defaultSearchWindow       = 32
	defaultCheckpointInterval = 1
)

// SubscriptionFilter picks events of all streams: by prefixes, any of which may
// match, or by a regular expression in the server's syntax.
type SubscriptionFilter struct {
	Type     FilterType
	Prefixes []string
	Regex    string
}

// ExcludeSystemEventsFilter picks events whose type does not begin with $.
func ExcludeSystemEventsFilter() *SubscriptionFilter {
	return &SubscriptionFilter{Type: EventFilterType, Regex: `^[^\$].*`}
}

func (f *SubscriptionFilter) validate() error {
	switch {
	case len(f.Prefixes) == 0 && f.Regex == "":
		return errors.New("the filter has neither prefixes nor a regular expression")
	case len(f.Prefixes) > 0 && f.Regex != "":
		return errors.New("the filter has both prefixes and a regular expression")
	}
	return nil
}

// SubscriptionFilterOptions are a filter and how often to tell its progress.
type SubscriptionFilterOptions struct {
	// MaxSearchWindow is how many events are examined in one go; 0: 32,
	// NoMaxSearchWindow: as many as the server likes.
	MaxSearchWindow int
	// CheckpointInterval is the number of windows between two checkpoints; 0: 1.
	CheckpointInterval int
	// SubscriptionFilter picks the events.
	SubscriptionFilter *SubscriptionFilter
}

func (o SubscriptionFilterOptions) wire() (*streams.ReadReq_Options_Filter, error) {
	filter := o.SubscriptionFilter
	if err := filter.validate(); err != nil {
		return nil, err
	}
	expression := &streams.ReadReq_Options_FilterOptions_Expression{Regex: filter.Regex, Prefix: filter.Prefixes}
	options := &streams.ReadReq_Options_FilterOptions{
		Filter:                       &streams.ReadReq_Options_FilterOptions_EventType{EventType: expression},
		CheckpointIntervalMultiplier: uint32(orDefault(o.CheckpointInterval, defaultCheckpointInterval)),
	}
	if filter.Type == StreamFilterType {
		options.Filter = &streams.ReadReq_Options_FilterOptions_StreamIdentifier{StreamIdentifier: expression}
	}
	if o.MaxSearchWindow == NoMaxSearchWindow {
		options.Window = &streams.ReadReq_Options_FilterOptions_Count{Count: &shared.Empty{}}
	} else {
		options.Window = &streams.ReadReq_Options_FilterOptions_Max{
			Max: uint32(orDefault(o.MaxSearchWindow, defaultSearchWindow)),
		}
	}
	return &streams.ReadReq_Options_Filter{Filter: options}, nil
}

func orDefault(value, byDefault int) int {
	if value == 0 {
		return byDefault
	}
	return value
}
