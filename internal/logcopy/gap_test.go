package logcopy_test

import (
	"errors"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/logcopy"
)

// What was scavenged leaves gaps, and a store has none: revisions stay the same by placeholders, or nothing is copied.
func TestGapsAreRefusedOrFilled(t *testing.T) {
	kept := func(stream string, revisions ...uint64) []*logcopy.Event {
		var events []*logcopy.Event
		for _, revision := range revisions {
			events = append(events, &logcopy.Event{
				EventID: uuid.New(), EventType: "x", ContentType: "application/json", StreamID: stream, EventNumber: revision, Data: []byte("1"),
			})
		}
		return events
	}
	events := append(kept("a", 3, 4, 7), kept("$$a", 2)...)
	events[3].EventType, events[3].Data = "$metadata", []byte(`{"$tb":3}`)

	to := start(t)
	_, err := logcopy.CopyEvents(t.Context(), to.log, logcopy.Options{}, events...)
	var gap *logcopy.GapError
	if !errors.As(err, &gap) || gap.Stream != "a" || gap.Missing != 3 || gap.Before != 3 {
		t.Fatalf("the error is %v", err)
	}
	if shown := seen(t, to.client, "a"); shown != esdb.ErrorCodeResourceNotFound.String() {
		t.Errorf("a shows %q", shown)
	}
	for range 2 { // the second time everything is there
		if _, err := logcopy.CopyEvents(t.Context(), to.log, logcopy.Options{FillGaps: true}, events...); err != nil {
			t.Fatal(err)
		}
	}
	if shown := seen(t, to.client, "a"); shown != "3:1 4:1 5: 6: 7:1 " {
		t.Errorf("a shows %q", shown)
	}
	if shown := seen(t, to.client, "$$a"); shown != `2:{"$tb":3} ` {
		t.Errorf("its metadata are %q", shown)
	}
}
