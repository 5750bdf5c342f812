package esdb_test

import (
	"bytes"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/protobuf/proto"
)

// FuzzDecodeRead holds our decoder to protobuf's: no input may make it panic,
// and what protobuf wrote it must read alike.
func FuzzDecodeRead(f *testing.F) {
	for _, message := range append(strangeMessages(), confirmation(), notFoundMessage(),
		eventMessage(wireEvent(1), nil), eventMessage(wireEvent(1), wireEvent(2)), eventMessage(nil, wireEvent(3))) {
		encoded, err := proto.Marshal(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		_, _ = esdb.DecodeRead(input)
		_, _ = esdb.DecodeAppend(input)
		message := new(streams.ReadResp)
		if proto.Unmarshal(input, message) != nil || message.GetEvent() == nil {
			return
		}
		encoded, err := proto.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		got, err := esdb.DecodeRead(encoded)
		if err != nil {
			return // an event without a creation time, say
		}
		sameEvent(t, got.Event, message.GetEvent().GetEvent())
		sameEvent(t, got.Link, message.GetEvent().GetLink())
	})
}

func sameEvent(t *testing.T, got *esdb.RecordedEvent, want *streams.ReadResp_ReadEvent_RecordedEvent) {
	t.Helper()
	if got == nil || want == nil {
		if got != nil || want != nil {
			t.Errorf("got %v, want %v", got, want)
		}
		return
	}
	if got.StreamID != string(want.GetStreamIdentifier().GetStreamName()) || got.EventNumber != want.GetStreamRevision() ||
		got.Position != (esdb.Position{Commit: want.GetCommitPosition(), Prepare: want.GetPreparePosition()}) ||
		!bytes.Equal(got.Data, want.GetData()) || !bytes.Equal(got.UserMetadata, want.GetCustomMetadata()) ||
		len(got.SystemMetadata) != len(want.GetMetadata()) {
		t.Errorf("got %+v, want %v", got, want)
	}
	for key, value := range want.GetMetadata() {
		if got.SystemMetadata[key] != value {
			t.Errorf("%q: got %q, want %q", key, got.SystemMetadata[key], value)
		}
	}
}

func TestReceivedBytesDoNotShareRoomToGrow(t *testing.T) {
	t.Parallel()
	encoded, err := proto.Marshal(eventMessage(wireEvent(0), nil))
	if err != nil {
		t.Fatal(err)
	}
	got, err := esdb.DecodeRead(encoded)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(got.Event.UserMetadata, "overwrites what follows"...)
	if string(got.Event.Data) != "data" {
		t.Errorf("data became %q", got.Event.Data)
	}
}
