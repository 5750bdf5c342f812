package esdb_test

import (
	"context"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

func TestDeleteAndTombstone(t *testing.T) {
	t.Parallel()
	var deleted *streams.DeleteReq
	var buried *streams.TombstoneReq
	client := connect(t, (&server{
		onDelete: func(_ context.Context, request *streams.DeleteReq) (*streams.DeleteResp, error) {
			deleted = request
			return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{
				Position: &streams.DeleteResp_Position{CommitPosition: 3, PreparePosition: 2},
			}}, nil
		},
		onTombstone: func(_ context.Context, request *streams.TombstoneReq) (*streams.TombstoneResp, error) {
			buried = request
			return &streams.TombstoneResp{}, nil
		},
	}).start(t))

	result, err := client.DeleteStream(within(t), "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.StreamExists{}})
	if err != nil || result.Position != (esdb.Position{Commit: 3, Prepare: 2}) {
		t.Errorf("delete: got %v, %v", result, err)
	}
	if string(deleted.GetOptions().GetStreamIdentifier().GetStreamName()) != "s" || deleted.GetOptions().GetStreamExists() == nil {
		t.Errorf("delete: sent %v", deleted)
	}

	result, err = client.TombstoneStream(within(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(9)})
	if err != nil || result.Position != (esdb.Position{}) {
		t.Errorf("tombstone, answered without a position: got %v, %v", result, err)
	}
	if buried.GetOptions().GetRevision() != 9 {
		t.Errorf("tombstone: sent %v", buried)
	}

	for _, expected := range []esdb.ExpectedRevision{nil, esdb.Any{}} {
		if _, err := client.DeleteStream(within(t), "s", esdb.DeleteStreamOptions{ExpectedRevision: expected}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.TombstoneStream(within(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: expected}); err != nil {
			t.Fatal(err)
		}
		if deleted.GetOptions().GetAny() == nil || buried.GetOptions().GetAny() == nil {
			t.Errorf("%v: sent %v and %v, want any", expected, deleted, buried)
		}
	}
	if _, err := client.DeleteStream(within(t), "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.NoStream{}}); err != nil {
		t.Fatal(err)
	}
	if deleted.GetOptions().GetNoStream() == nil {
		t.Errorf("sent %v, want no stream", deleted)
	}
}
