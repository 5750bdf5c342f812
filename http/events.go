package http

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
)

// Changes reads the log for services that follow it. The feed implements it.
type Changes interface {
	// Read returns at most limit wanted events that follow a position, and the position to go on after. Where there is
	// nothing yet it waits for so long.
	Read(ctx context.Context, after eventstore.Position, wanted func(eventType string) bool, limit int, wait time.Duration,
	) ([]eventstore.Envelope, eventstore.Position, error)
}

// change is one event as services see it. Its names and meanings are those of the event, which never change.
type change struct {
	ID            uuid.UUID       `json:"id"`
	Type          string          `json:"type"`
	Stream        string          `json:"stream"`
	Revision      uint64          `json:"revision"`
	RecordedAt    time.Time       `json:"recorded_at"`
	Actor         changeActor     `json:"actor"`
	Reason        string          `json:"reason,omitempty"`
	CorrelationID uuid.UUID       `json:"correlation_id"`
	CausationID   uuid.UUID       `json:"causation_id"`
	Data          json.RawMessage `json:"data"`
}

type changeActor struct {
	ID         string               `json:"id,omitempty"`
	Kind       eventstore.ActorKind `json:"kind"`
	OnBehalfOf string               `json:"on_behalf_of,omitempty"`
}

// changeList is the answer to GET /internal/v1/events. NextCursor is always there: who keeps it misses nothing.
type changeList struct {
	Items      []change `json:"items"`
	NextCursor string   `json:"next_cursor"`
}

// changeModules are the modules whose events other services may follow. Claims on addresses, sessions and the service's
// own notes are nobody else's business.
var changeModules = []string{"account.", "profile.", "subscription.", "access.", "roles.", "plan."}

// listChanges answers GET /internal/v1/events: all changes, each once and in the order in which they happened, from
// behind a cursor on. A Consistency-Token is a cursor as well.
func (s *Server) listChanges(ctx context.Context, c *call) error {
	query := c.query
	after := eventstore.Position{}
	if query.Has("after") {
		var ok bool
		if after, ok = s.positions.open(query.Get("after")); !ok {
			return invalid("after", "must be a next_cursor of this list or a Consistency-Token")
		}
	}
	wanted, err := wantedTypes(query.Get("types"))
	if err != nil {
		return err
	}
	limit, wait, fault := defaultLimit, 0, ""
	if text := query.Get("limit"); text != "" {
		if limit, fault = wholeNumber(text, 1, mostItems); fault != "" {
			return invalid("limit", fault)
		}
	}
	if text := query.Get("wait"); text != "" {
		if wait, fault = wholeNumber(text, 0, int(longestWait/time.Second)); fault != "" {
			return invalid("wait", fault)
		}
	}
	events, next, err := s.changes.Read(ctx, after, wanted, limit, time.Duration(wait)*time.Second)
	if err != nil {
		return err
	}
	answer := changeList{Items: make([]change, len(events)), NextCursor: s.positions.Text(next)}
	for i := range events {
		if answer.Items[i], err = changeOf(&events[i]); err != nil {
			return err
		}
	}
	return c.answer(http.StatusOK, answer)
}

func changeOf(e *eventstore.Envelope) (change, error) {
	data, err := codec.Show(e.Event)
	return change{
		ID: e.ID, Type: e.Event.EventType(), Stream: e.Stream, Revision: e.Revision, RecordedAt: e.Created.UTC(),
		Actor:  changeActor{ID: e.Meta.Actor.ID, Kind: e.Meta.Actor.Kind, OnBehalfOf: e.Meta.Actor.OnBehalfOf},
		Reason: e.Meta.Reason, CorrelationID: e.Meta.CorrelationID, CausationID: e.Meta.CausationID, Data: data,
	}, err
}

// wantedTypes reads a list of event types, or of their beginnings: "account.,profile.profile_updated.v1". None is all.
func wantedTypes(text string) (func(string) bool, error) {
	beginnings := changeModules
	if text != "" {
		beginnings = strings.Split(text, ",")
	}
	for _, beginning := range beginnings {
		if !slices.ContainsFunc(changeModules, func(module string) bool { return strings.HasPrefix(beginning, module) }) {
			return nil, invalid("types", "must be event types or their beginnings, separated by commas: "+strings.Join(changeModules, ", "))
		}
	}
	return func(eventType string) bool {
		return slices.ContainsFunc(beginnings, func(beginning string) bool { return strings.HasPrefix(eventType, beginning) })
	}, nil
}
