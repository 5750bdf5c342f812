package node

import (
	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"am-user-management/internal/node/persistent"
	"am-user-management/internal/node/store"
)

// createFilter reads and checks a filter; nil stands for none.
func createFilter(options *wire.CreateReq_AllOptions_FilterOptions) (*persistent.Filter, error) {
	if options == nil {
		return nil, nil
	}
	filter := &persistent.Filter{}
	var expression *wire.CreateReq_AllOptions_FilterOptions_Expression
	switch by := options.GetFilter().(type) {
	case *wire.CreateReq_AllOptions_FilterOptions_StreamIdentifier:
		expression, filter.ByStream = by.StreamIdentifier, true
	case *wire.CreateReq_AllOptions_FilterOptions_EventType:
		expression = by.EventType
	default:
		return nil, invalid("the filter's expression is missing")
	}
	filter.Regex, filter.Prefixes = expression.GetRegex(), expression.GetPrefix()
	_, err := compileFilter(filter)
	return filter, err
}

// compileFilter makes a filter's test of which events of the whole log pass; nil lets all pass that readers may see.
func compileFilter(f *persistent.Filter) (func(*store.Record) bool, error) {
	if f == nil {
		return visible, nil
	}
	expression := &streams.ReadReq_Options_FilterOptions_Expression{Regex: f.Regex, Prefix: f.Prefixes}
	match, err := matcher(expression)
	if err != nil {
		return nil, err
	}
	wanted := &filter{match: match, byStream: f.ByStream}
	return func(record *store.Record) bool { return visible(record) && wanted.matches(record) }, nil
}
