package node_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/nodetest"
)

// conversation is a read whose answers are compared in words.
type conversation struct {
	t    testing.TB
	call streams.Streams_ReadClient
}

// read asks a node, with bounds.
func read(t testing.TB, n *nodetest.Node, options *streams.ReadReq_Options) *conversation {
	t.Helper()
	options.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
	call, err := streams.NewStreamsClient(dial(t, n.Address)).Read(t.Context(), &streams.ReadReq{Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return &conversation{t: t, call: call}
}

// hears expects these answers, of perhaps more.
func (c *conversation) hears(want ...string) {
	c.t.Helper()
	got := make([]string, 0, len(want))
	for range want {
		response, err := c.call.Recv()
		got = append(got, inWords(response, err))
		if err != nil {
			break
		}
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("got %q, want %q", got, want)
	}
}

// inWords names what an answer says, or how the call ended.
func inWords(response *streams.ReadResp, err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "end"
	case err != nil:
		return status.Code(err).String()
	}
	switch content := response.GetContent().(type) {
	case *streams.ReadResp_Event:
		event, link := content.Event.GetEvent(), content.Event.GetLink()
		switch {
		case event == nil:
			return fmt.Sprintf("link %d", link.GetStreamRevision())
		case link != nil:
			return fmt.Sprintf("%d@%s by %d", event.GetStreamRevision(), event.GetStreamIdentifier().GetStreamName(), link.GetStreamRevision())
		}
		return fmt.Sprintf("%d@%s", event.GetStreamRevision(), event.GetStreamIdentifier().GetStreamName())
	case *streams.ReadResp_Confirmation:
		return "confirmed"
	case *streams.ReadResp_Checkpoint_:
		return fmt.Sprintf("checkpoint %d", content.Checkpoint.GetCommitPosition())
	case *streams.ReadResp_CaughtUp_:
		return "caught up"
	case *streams.ReadResp_StreamNotFound_:
		return "not found"
	case *streams.ReadResp_FirstStreamPosition:
		return fmt.Sprintf("first %d", content.FirstStreamPosition)
	case *streams.ReadResp_LastStreamPosition:
		return fmt.Sprintf("last %d", content.LastStreamPosition)
	}
	return fmt.Sprintf("%T", response.GetContent())
}
