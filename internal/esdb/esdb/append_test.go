package esdb_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func TestAppendSendsOptionsThenEvents(t *testing.T) {
	t.Parallel()
	var got []*streams.AppendReq
	client := connect(t, (&server{onAppend: func(requests []*streams.AppendReq) (*streams.AppendResp, error) {
		got = requests
		return appended(6), nil
	}}).start(t))
	id := uuid.MustParse("00010203-0405-0607-f8f9-fafbfcfdfeff")

	result, err := client.AppendToStream(within(t), "stream", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(4)},
		esdb.EventData{EventID: id, EventType: "first", ContentType: esdb.ContentTypeJson, Data: []byte("{}"), Metadata: []byte("m")},
		esdb.EventData{EventType: "second"})
	if err != nil {
		t.Fatal(err)
	}
	if *result != (esdb.WriteResult{CommitPosition: 106, PreparePosition: 106, NextExpectedVersion: 6}) {
		t.Errorf("got %+v", *result)
	}
	if len(got) != 3 {
		t.Fatalf("got %d messages, want 3", len(got))
	}
	options := got[0].GetOptions()
	if string(options.GetStreamIdentifier().GetStreamName()) != "stream" || options.GetRevision() != 4 {
		t.Errorf("got options %v", options)
	}
	first, second := got[1].GetProposedMessage(), got[2].GetProposedMessage()
	if most := first.GetId().GetStructured().GetMostSignificantBits(); most != 0x0001020304050607 {
		t.Errorf("got id half %x", most)
	}
	if first.GetMetadata()["type"] != "first" || first.GetMetadata()["content-type"] != "application/json" ||
		string(first.GetData()) != "{}" || string(first.GetCustomMetadata()) != "m" {
		t.Errorf("got %v", first)
	}
	if second.GetMetadata()["content-type"] != "application/octet-stream" {
		t.Errorf("the zero content type is %q", second.GetMetadata()["content-type"])
	}
	if second.GetId().GetStructured().GetMostSignificantBits() == 0 {
		t.Error("no id was drawn for an event without one")
	}
}

func TestAppendOfAnySize(t *testing.T) {
	t.Parallel()
	var got []*streams.AppendReq
	client := connect(t, (&server{onAppend: func(requests []*streams.AppendReq) (*streams.AppendResp, error) {
		got = requests
		return appended(0), nil
	}}).start(t))
	for _, size := range []int{0, 1, 127, 128, 129, 16383, 16384, 1 << 20} {
		name := strings.Repeat("n", size%20000)
		event := esdb.EventData{EventID: uuid.Max, EventType: name, Data: make([]byte, size), Metadata: make([]byte, size)}
		options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(math.MaxUint64 >> (size % 64))}
		if _, err := client.AppendToStream(within(t), name, options, event); err != nil {
			t.Fatal(err)
		}
		message := got[1].GetProposedMessage()
		if string(got[0].GetOptions().GetStreamIdentifier().GetStreamName()) != name || message.GetMetadata()["type"] != name ||
			got[0].GetOptions().GetRevision() != math.MaxUint64>>(size%64) ||
			len(message.GetData()) != size || len(message.GetCustomMetadata()) != size {
			t.Errorf("size %d arrived otherwise", size)
		}
		if message.GetId().GetStructured().GetLeastSignificantBits() != -1 {
			t.Errorf("got id %v", message.GetId())
		}
	}
}

func TestExpectedRevisionOnTheWire(t *testing.T) {
	t.Parallel()
	var seen *streams.AppendReq_Options
	client := connect(t, (&server{onAppend: func(requests []*streams.AppendReq) (*streams.AppendResp, error) {
		seen = requests[0].GetOptions()
		return appended(0), nil
	}}).start(t))
	for name, row := range map[string]struct {
		expected esdb.ExpectedRevision
		holds    func(*streams.AppendReq_Options) bool
	}{
		"nil is any":    {nil, func(o *streams.AppendReq_Options) bool { return o.GetAny() != nil }},
		"any":           {esdb.Any{}, func(o *streams.AppendReq_Options) bool { return o.GetAny() != nil }},
		"no stream":     {esdb.NoStream{}, func(o *streams.AppendReq_Options) bool { return o.GetNoStream() != nil }},
		"stream exists": {esdb.StreamExists{}, func(o *streams.AppendReq_Options) bool { return o.GetStreamExists() != nil }},
		"revision 0": {esdb.Revision(0), func(o *streams.AppendReq_Options) bool {
			_, ok := o.GetExpectedStreamRevision().(*streams.AppendReq_Options_Revision)
			return ok
		}},
	} {
		if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: row.expected}); err != nil {
			t.Fatal(err)
		}
		if !row.holds(seen) {
			t.Errorf("%s: got %v", name, seen)
		}
	}
}

func TestWrongExpectedVersionNamesBothRevisions(t *testing.T) {
	t.Parallel()
	client := connect(t, (&server{onAppend: func([]*streams.AppendReq) (*streams.AppendResp, error) {
		return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{
			WrongExpectedVersion: &streams.AppendResp_WrongExpectedVersion{
				CurrentRevisionOption:  &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: 17},
				ExpectedRevisionOption: &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: 23},
			},
		}}, nil
	}}).start(t))
	_, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
	if own, ok := esdb.FromError(err); !ok || own.Code() != esdb.ErrorCodeWrongExpectedVersion {
		t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "17") || !strings.Contains(text, "23") {
		t.Errorf("got %q", text)
	}
}

func TestAppendOfNothingToANewStreamReadsBackAsOne(t *testing.T) {
	t.Parallel()
	client := connect(t, (&server{onAppend: func([]*streams.AppendReq) (*streams.AppendResp, error) {
		return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
			CurrentRevisionOption: &streams.AppendResp_Success_NoStream{NoStream: &shared.Empty{}},
			PositionOption:        &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
		}}}, nil
	}}).start(t))
	result, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
	if err != nil || *result != (esdb.WriteResult{NextExpectedVersion: 1}) {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestAppendThatCannotBeSentIsWrapped(t *testing.T) {
	t.Parallel()
	client := connect(t, (&server{}).start(t))
	if _, err := client.GetServerVersion(); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.AppendToStream(cancelled, "s", esdb.AppendToStreamOptions{})
	if codeOf(t, err) != esdb.ErrorCodeUnknown || status.Code(asError(err).Err()) != codes.Canceled {
		t.Errorf("cancelled: got %v", err)
	}
	if _, ok := esdb.FromError(err); ok {
		t.Errorf("cancelled: not wrapped: %v", err)
	}
	past := -time.Second
	_, err = client.AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{Deadline: &past})
	if _, ok := esdb.FromError(err); ok || codeOf(t, err) != esdb.ErrorCodeDeadlineExceeded {
		t.Errorf("expired: got %v", err)
	}
}

func TestAppendRefusedEarlySaysWhy(t *testing.T) {
	t.Parallel()
	client := connect(t, (&server{onAppendCall: func(call streams.Streams_AppendServer) error {
		if _, err := call.Recv(); err != nil {
			return err
		}
		call.SetTrailer(metadata.Pairs("exception", "stream-deleted", "stream-name", "s"))
		return status.Error(codes.FailedPrecondition, "deleted")
	}}).start(t))
	big := esdb.EventData{EventType: "e", Data: make([]byte, 1<<20)}
	_, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}, big, big, big, big)
	if got := codeOf(t, err); got != esdb.ErrorCodeStreamDeleted {
		t.Errorf("got %v", err)
	}
}

func TestDefaultDeadlineBoundsAppends(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	node := &server{onAppend: func([]*streams.AppendReq) (*streams.AppendResp, error) {
		<-hang
		return appended(0), nil
	}}
	endpoint := node.start(t)
	t.Cleanup(func() { close(hang) })
	configuration := config(t, "esdb://"+endpoint.String()+"?tls=false&defaultDeadline=50")
	client := open(t, configuration)
	_, err := client.AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{})
	if own, ok := esdb.FromError(err); !ok || own.Code() != esdb.ErrorCodeDeadlineExceeded {
		t.Errorf("a late answer is a bare DeadlineExceeded; got %v", err)
	}
}
