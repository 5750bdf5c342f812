package persistent

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// definitionsVersion is that of the layout below.
const definitionsVersion = "2"

// definitionsDocument is the event that defines all subscriptions, in EventStoreDB's layout. The last one counts.
type definitionsDocument struct {
	Version   string
	Updated   time.Time
	UpdatedBy string
	Entries   []definitionEntry
}

// definitionEntry is one subscription.
type definitionEntry struct {
	Stream                string
	Group                 string
	Filter                *Filter `json:",omitempty"`
	ResolveLinkTos        bool
	ExtraStatistics       bool
	MessageTimeout        int32
	StartPosition         string
	LiveBufferSize        int32
	HistoryBufferSize     int32
	MaxRetryCount         int32
	ReadBatchSize         int32
	CheckPointAfter       int32
	MinCheckPointCount    int32
	MaxCheckPointCount    int32
	MaxSubscriberCount    int32
	NamedConsumerStrategy group.Strategy
	// ResumePosition is what the end meant when the subscription was defined to start there. EventStoreDB does not write
	// it.
	ResumePosition string `json:",omitempty"`
}

func entryOf(d *Definition) definitionEntry {
	return definitionEntry{
		Stream: d.Stream, Group: d.Group, Filter: d.Filter,
		StartPosition: d.Number(d.Start), ResumePosition: d.Number(d.resume),
		ResolveLinkTos: d.Settings.ResolveLinks, ExtraStatistics: d.Settings.ExtraStatistics,
		MessageTimeout: milliseconds(d.Settings.MessageTimeout), CheckPointAfter: milliseconds(d.Settings.CheckpointAfter),
		LiveBufferSize: d.Settings.LiveBufferSize, HistoryBufferSize: d.Settings.HistoryBufferSize,
		ReadBatchSize: d.Settings.ReadBatchSize, MaxRetryCount: d.Settings.MaxRetryCount,
		MinCheckPointCount: d.Settings.MinCheckpointCount, MaxCheckPointCount: d.Settings.MaxCheckpointCount,
		MaxSubscriberCount: d.Settings.MaxSubscriberCount, NamedConsumerStrategy: d.Settings.Strategy,
	}
}

func (e *definitionEntry) definition() (*Definition, error) {
	start, err := parseNumber(e.StartPosition)
	if err != nil {
		return nil, err
	}
	resume := int64(0)
	if e.ResumePosition != "" {
		if resume, err = parseNumber(e.ResumePosition); err != nil {
			return nil, err
		}
	}
	return &Definition{
		Stream: e.Stream, Group: e.Group, Filter: e.Filter, Start: start, resume: resume,
		Settings: group.Settings{
			ResolveLinks: e.ResolveLinkTos, ExtraStatistics: e.ExtraStatistics,
			MessageTimeout:  time.Duration(e.MessageTimeout) * time.Millisecond,
			CheckpointAfter: time.Duration(e.CheckPointAfter) * time.Millisecond,
			LiveBufferSize:  e.LiveBufferSize, HistoryBufferSize: e.HistoryBufferSize,
			ReadBatchSize: e.ReadBatchSize, MaxRetryCount: e.MaxRetryCount,
			MinCheckpointCount: e.MinCheckPointCount, MaxCheckpointCount: e.MaxCheckPointCount,
			MaxSubscriberCount: e.MaxSubscriberCount, Strategy: e.NamedConsumerStrategy,
		},
	}, nil
}

// loadDefinitions reads the last definitions.
func (s *Subsystem) loadDefinitions() ([]*Definition, error) {
	last, err := s.lastEvent(definitionsStream)
	if err != nil || last == nil {
		return nil, err
	}
	var document definitionsDocument
	if err := json.Unmarshal(last.Data, &document); err != nil {
		return nil, fmt.Errorf("%s at revision %d: %w", definitionsStream, last.Revision, err)
	}
	definitions := make([]*Definition, 0, len(document.Entries))
	for i := range document.Entries {
		definition, err := document.Entries[i].definition()
		if err != nil {
			return nil, fmt.Errorf("%s at revision %d, entry %d: %w", definitionsStream, last.Revision, i, err)
		}
		definitions = append(definitions, definition)
	}
	return definitions, nil
}

// saveDefinitions makes definitions durable.
func (s *Subsystem) saveDefinitions(definitions []*Definition) error {
	document := definitionsDocument{Version: definitionsVersion, Updated: s.clock().UTC(), UpdatedBy: systemUser}
	for _, definition := range definitions {
		document.Entries = append(document.Entries, entryOf(definition))
	}
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	if err := s.keepTwo(); err != nil {
		return err
	}
	return s.append(definitionsStream, store.Event{Type: definitionsType, JSON: true, Data: data})
}

// keepTwo limits the stream of definitions, where it does not exist yet, to two events.
func (s *Subsystem) keepTwo() error {
	view, err := s.store.Stream(s.running, definitionsStream)
	if err != nil || view.Found() {
		return err
	}
	return s.append(metastreamPrefix+definitionsStream, store.Event{Type: store.MetadataType, JSON: true, Data: []byte(keepTwo)})
}

// append adds events under new ids.
func (s *Subsystem) append(stream string, events ...store.Event) error {
	for i := range events {
		events[i].ID = store.ID(uuid.New())
	}
	_, err := s.store.Append(s.running, stream, store.Any, events)
	return err
}

// lastEvent returns a stream's last event, nil if there is none.
func (s *Subsystem) lastEvent(stream string) (*store.Record, error) {
	view, err := s.store.Stream(s.running, stream)
	if err != nil || !view.Found() {
		return nil, err
	}
	return s.store.Event(s.running, stream, view.Last)
}
