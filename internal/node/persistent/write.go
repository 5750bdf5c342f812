package persistent

import (
	"encoding/json"
	"fmt"
	"time"

	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// write writes what the group has due until nothing is. What fails is due again at the next tick.
func (s *subscription) write(write group.Write) {
	for due := true; due; {
		err := s.perform(write)
		if err != nil {
			s.logFailure("write for a persistent subscription", err)
		}
		s.mu.Lock()
		if err != nil {
			s.writing = false
			s.mu.Unlock()
			return
		}
		s.group.Written(write)
		if due = !s.hasEnded(); due {
			write, due = s.group.Due()
		}
		s.writing = due
		s.work()
		s.mu.Unlock()
	}
}

func (s *subscription) perform(write group.Write) error {
	switch {
	case len(write.Park) > 0:
		return s.park(write.Park)
	case write.Checkpoint >= 0:
		return s.writeCheckpoint(write.Checkpoint)
	}
	return s.append(metastreamPrefix+parkedStream(s.definition.Stream, s.definition.Group), store.Event{
		Type: store.MetadataType, JSON: true, Data: fmt.Appendf(nil, `{"$tb":%d}`, write.Truncate),
	})
}

// parkedMetadata tells why and when an event was parked.
type parkedMetadata struct {
	Added                   time.Time `json:"added"`
	Reason                  string    `json:"reason"`
	SubscriptionEventNumber uint64    `json:"subscriptionEventNumber,omitempty"`
}

// park adds links to events to the parked stream, all or none.
func (s *subscription) park(parked []group.Parked) error {
	events := make([]store.Event, 0, len(parked))
	for _, p := range parked {
		metadata, err := json.MarshalIndent(parkedMetadata{
			Added: s.clock().UTC(), Reason: p.Reason, SubscriptionEventNumber: p.Revision,
		}, "", "  ")
		if err != nil {
			return err
		}
		events = append(events, store.Event{Type: store.LinkType, Data: []byte(p.Target), Metadata: metadata})
	}
	return s.append(parkedStream(s.definition.Stream, s.definition.Group), events...)
}

func (s *subscription) writeCheckpoint(number int64) error {
	data, err := json.Marshal(s.definition.Number(number))
	if err != nil {
		return err
	}
	return s.append(checkpointStream(s.definition.Stream, s.definition.Group), store.Event{Type: checkpointType, JSON: true, Data: data})
}
