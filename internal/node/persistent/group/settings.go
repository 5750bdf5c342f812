package group

import "time"

// Settings are what the owner of a group chose. Numbers that make no sense are taken as the nearest that does, because
// EventStoreDB accepts them.
type Settings struct {
	// ResolveLinks asks for the events that links point to.
	ResolveLinks bool
	// ExtraStatistics is kept and reported.
	ExtraStatistics bool
	// MessageTimeout is how long a consumer has for one event; 0 or less means for ever.
	MessageTimeout time.Duration
	// MaxRetryCount is how often an event comes again before it is parked.
	MaxRetryCount int32
	// CheckpointAfter is after what time since the last one MinCheckpointCount events that are done in order are worth a
	// checkpoint; 0 or less means never.
	CheckpointAfter    time.Duration
	MinCheckpointCount int32
	// MaxCheckpointCount is how many of them are worth a checkpoint at any time.
	MaxCheckpointCount int32
	// MaxSubscriberCount limits the consumers; 0 means not at all, less than 0 lets none in.
	MaxSubscriberCount int32
	// LiveBufferSize is kept and reported: a group reads the live end of its source as it reads the rest.
	LiveBufferSize int32
	// ReadBatchSize is how many events are read at once, HistoryBufferSize how many wait for a consumer.
	ReadBatchSize     int32
	HistoryBufferSize int32
	Strategy          Strategy
}

func (s *Settings) batch() int { return max(int(s.ReadBatchSize), 1) }

func (s *Settings) buffer() int { return max(int(s.HistoryBufferSize), s.batch()) }
