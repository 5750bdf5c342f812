package esdb_test

import (
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

const eventID = "00010203-0405-0607-f8f9-fafbfcfdfeff"

// wireEvent is an event of stream s as a server sends it.
func wireEvent(revision uint64) *streams.ReadResp_ReadEvent_RecordedEvent {
	most, least := esdb.UUIDAsInt64(uuid.MustParse(eventID))
	return &streams.ReadResp_ReadEvent_RecordedEvent{
		Id: &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
			MostSignificantBits: most, LeastSignificantBits: least,
		}}},
		StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte("s")},
		StreamRevision:   revision, CommitPosition: 200 + revision, PreparePosition: 100 + revision,
		Metadata: map[string]string{
			"type": "happened", "content-type": "application/json", "created": "17000000001234567",
		},
		CustomMetadata: []byte("meta"), Data: []byte("data"),
	}
}

func eventMessage(event, link *streams.ReadResp_ReadEvent_RecordedEvent) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
		Event: event, Link: link, Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: 77},
	}}}
}

func notFoundMessage() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{StreamNotFound: &streams.ReadResp_StreamNotFound{}}}
}

func strangeMessages() []*streams.ReadResp {
	return []*streams.ReadResp{
		{},
		{Content: &streams.ReadResp_FirstStreamPosition{FirstStreamPosition: 1}},
		{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: 1}},
		{Content: &streams.ReadResp_LastAllStreamPosition{LastAllStreamPosition: &shared.AllStreamPosition{}}},
	}
}

// answering sends these messages to every read and keeps the request.
func answering(seen **streams.ReadReq, messages ...*streams.ReadResp) *server {
	return &server{onRead: func(request *streams.ReadReq, call streams.Streams_ReadServer) error {
		if seen != nil {
			*seen = request
		}
		for _, message := range messages {
			if err := call.Send(message); err != nil {
				return err
			}
		}
		return nil
	}}
}

func TestReadHandsOutEventsAndThenEOF(t *testing.T) {
	t.Parallel()
	client := connect(t, answering(nil, eventMessage(wireEvent(4), nil), eventMessage(wireEvent(5), nil)).start(t))
	read, err := client.ReadStream(within(t), "s", esdb.ReadStreamOptions{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	event, err := read.Recv()
	if err != nil {
		t.Fatal(err)
	}
	got := event.Event
	if got.EventID.String() != eventID || got.EventType != "happened" || got.ContentType != "application/json" ||
		got.StreamID != "s" || got.EventNumber != 4 || got.Position != (esdb.Position{Commit: 204, Prepare: 104}) ||
		string(got.Data) != "data" || string(got.UserMetadata) != "meta" {
		t.Errorf("got %+v", got)
	}
	if want := time.Date(2023, 11, 14, 22, 13, 20, 123456700, time.UTC); !got.CreatedDate.Equal(want) || got.CreatedDate.Location() != time.UTC {
		t.Errorf("got created %v, want %v", got.CreatedDate, want)
	}
	if len(got.SystemMetadata) != 3 || got.SystemMetadata["type"] != "happened" || got.SystemMetadata["created"] != "17000000001234567" {
		t.Errorf("got system metadata %v", got.SystemMetadata)
	}
	if event.Commit == nil || *event.Commit != 77 || event.Link != nil {
		t.Errorf("got commit %v, link %v", event.Commit, event.Link)
	}
	if event, err = read.Recv(); err != nil || event.OriginalStreamRevision() != esdb.Revision(5) {
		t.Errorf("got %v, %v", event, err)
	}
	for range 2 {
		if _, err := read.Recv(); err != io.EOF { //nolint:errorlint // io.EOF itself is promised
			t.Errorf("got %v, want io.EOF", err)
		}
	}
}

func TestMissingStreamShowsInRecv(t *testing.T) {
	t.Parallel()
	client := connect(t, answering(nil, notFoundMessage()).start(t))
	read, err := client.ReadStream(within(t), "s", esdb.ReadStreamOptions{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	_, err = read.Recv()
	if own, ok := esdb.FromError(err); !ok || own.Code() != esdb.ErrorCodeResourceNotFound {
		t.Errorf("got %v", err)
	}
	if _, err := read.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after an error: got %v", err)
	}
}

func TestReadIsOverAfterClose(t *testing.T) {
	t.Parallel()
	client := connect(t, answering(nil, eventMessage(wireEvent(0), nil)).start(t))
	read, err := client.ReadStream(within(t), "s", esdb.ReadStreamOptions{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	read.Close()
	if _, err := read.Recv(); err != io.EOF { //nolint:errorlint // io.EOF itself is promised
		t.Errorf("got %v, want io.EOF", err)
	}
}

func TestReadSkipsMessagesItDoesNotKnow(t *testing.T) {
	t.Parallel()
	client := connect(t, answering(nil, append(strangeMessages(), eventMessage(wireEvent(0), nil))...).start(t))
	read, err := client.ReadStream(within(t), "s", esdb.ReadStreamOptions{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if event, err := read.Recv(); err != nil || event.Event.EventNumber != 0 {
		t.Errorf("got %v, %v", event, err)
	}
}

func TestMalformedEventIsAParsingError(t *testing.T) {
	t.Parallel()
	timeless, nameless := wireEvent(0), wireEvent(0)
	delete(timeless.Metadata, "created")
	nameless.Id = &shared.UUID{Value: &shared.UUID_String_{String_: "x"}}
	for name, message := range map[string]*streams.ReadResp{
		"no creation time":       eventMessage(timeless, nil),
		"link without a time":    eventMessage(wireEvent(0), timeless),
		"unreadable id":          eventMessage(nameless, nil),
		"neither event nor link": eventMessage(nil, nil),
	} {
		client := connect(t, answering(nil, message).start(t))
		read, err := client.ReadStream(within(t), "s", esdb.ReadStreamOptions{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read.Recv(); codeOf(t, err) != esdb.ErrorCodeParsing {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := read.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("%s, then: got %v", name, err)
		}
	}
}

func TestLinksAreTheOriginalEvents(t *testing.T) {
	t.Parallel()
	textual := wireEvent(1)
	textual.Id = &shared.UUID{Value: &shared.UUID_String_{String_: eventID}}
	client := connect(t, answering(nil, eventMessage(textual, wireEvent(8)), eventMessage(nil, wireEvent(9))).start(t))
	read, err := client.ReadStream(within(t), "s", esdb.ReadStreamOptions{ResolveLinkTos: true}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	event, err := read.Recv()
	if err != nil || event.OriginalEvent() != event.Link || event.OriginalStreamRevision().Value != 8 || event.Event.EventNumber != 1 {
		t.Errorf("resolved: got %+v, %v", event, err)
	}
	if event.Event.EventID.String() != eventID {
		t.Errorf("id sent as text: got %v", event.Event.EventID)
	}
	if event, err = read.Recv(); err != nil || event.Event != nil || event.OriginalStreamRevision().Value != 9 {
		t.Errorf("leading nowhere: got %+v, %v", event, err)
	}
}

func TestReadRequests(t *testing.T) {
	t.Parallel()
	var seen *streams.ReadReq
	client := connect(t, answering(&seen).start(t))
	drain := func(read *esdb.ReadStream, err error) *streams.ReadReq_Options {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read.Recv(); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		return seen.GetOptions()
	}
	stream := func(opts esdb.ReadStreamOptions) *streams.ReadReq_Options {
		return drain(client.ReadStream(within(t), "s", opts, 3))
	}
	all := func(opts esdb.ReadAllOptions) *streams.ReadReq_Options {
		return drain(client.ReadAll(within(t), opts, math.MaxUint64))
	}

	got := stream(esdb.ReadStreamOptions{})
	if got.GetReadDirection() != streams.ReadReq_Options_Forwards || got.GetStream().GetStart() == nil || got.GetResolveLinks() ||
		got.GetCount() != 3 || got.GetNoFilter() == nil || got.GetUuidOption().GetStructured() == nil ||
		got.GetControlOption() != nil || string(got.GetStream().GetStreamIdentifier().GetStreamName()) != "s" {
		t.Errorf("defaults: got %v", got)
	}
	if got = stream(esdb.ReadStreamOptions{Direction: esdb.Backwards}); got.GetReadDirection() != streams.ReadReq_Options_Backwards ||
		got.GetStream().GetStart() == nil {
		t.Errorf("backwards begins at the start too: got %v", got)
	}
	if got = stream(esdb.ReadStreamOptions{From: esdb.End{}, ResolveLinkTos: true}); got.GetStream().GetEnd() == nil || !got.GetResolveLinks() {
		t.Errorf("end: got %v", got)
	}
	if got = stream(esdb.ReadStreamOptions{From: esdb.Revision(5)}); got.GetStream().GetRevision() != 5 {
		t.Errorf("revision: got %v", got)
	}
	if got = all(esdb.ReadAllOptions{}); got.GetAll().GetStart() == nil || got.GetCount() != math.MaxUint64 {
		t.Errorf("all: got %v", got)
	}
	if got = all(esdb.ReadAllOptions{From: esdb.Position{Commit: 2, Prepare: 1}}); got.GetAll().GetPosition().GetCommitPosition() != 2 ||
		got.GetAll().GetPosition().GetPreparePosition() != 1 {
		t.Errorf("position: got %v", got)
	}
	if got = all(esdb.ReadAllOptions{From: esdb.End{}, Direction: esdb.Backwards}); got.GetAll().GetEnd() == nil {
		t.Errorf("all, end: got %v", got)
	}
}
