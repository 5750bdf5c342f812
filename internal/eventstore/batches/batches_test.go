package batches_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"go.uber.org/goleak"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/batches"
)

func stored(*streams.BatchAppendReq) *streams.BatchAppendResp {
	return &streams.BatchAppendResp{Result: &streams.BatchAppendResp_Success_{Success: &streams.BatchAppendResp_Success{
		CurrentRevisionOption: &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: 7},
		PositionOption: &streams.BatchAppendResp_Success_Position{
			Position: &shared.AllStreamPosition{CommitPosition: 9, PreparePosition: 8},
		},
	}}}
}

func refused(t *testing.T, code codes.Code, details proto.Message) *streams.BatchAppendResp {
	t.Helper()
	packed, err := anypb.New(details)
	if err != nil {
		t.Fatal(err)
	}
	return &streams.BatchAppendResp{Result: &streams.BatchAppendResp_Error{
		Error: &rpcstatus.Status{Code: int32(code), Details: []*anypb.Any{packed}},
	}}
}

func TestOnlyAPlainSuccessCounts(t *testing.T) {
	noPosition := stored(nil)
	noPosition.GetSuccess().PositionOption = &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}}
	noRevision := stored(nil)
	noRevision.GetSuccess().CurrentRevisionOption = &streams.BatchAppendResp_Success_NoStream{NoStream: &emptypb.Empty{}}
	for name, c := range map[string]struct {
		answer *streams.BatchAppendResp
		want   batches.Outcome
	}{
		"stored":       {stored(nil), batches.Stored},
		"elsewhere":    {refused(t, codes.AlreadyExists, &shared.WrongExpectedVersion{}), batches.NotStored},
		"time is over": {refused(t, codes.DeadlineExceeded, &shared.Timeout{}), batches.Unknown},
		"denied":       {refused(t, codes.PermissionDenied, &shared.AccessDenied{}), batches.Unknown},
		"other code":   {refused(t, codes.AlreadyExists, &shared.Unknown{}), batches.Unknown},
		"no details":   {&streams.BatchAppendResp{Result: &streams.BatchAppendResp_Error{Error: &rpcstatus.Status{}}}, batches.Unknown},
		"no position":  {noPosition, batches.Unknown},
		"no revision":  {noRevision, batches.Unknown},
		"nothing":      {&streams.BatchAppendResp{}, batches.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			client := open(t, start(t, answering(func(*streams.BatchAppendReq) *streams.BatchAppendResp { return c.answer })))
			appended, got := client.Append(t.Context(), "notes-1", 6, record(10))
			if got != c.want {
				t.Errorf("the outcome is %d, want %d", got, c.want)
			}
			want := eventstore.Appended{}
			if c.want == batches.Stored {
				want = eventstore.Appended{Revision: 7, Position: eventstore.Position{Commit: 9, Prepare: 8}}
			}
			if appended != want {
				t.Errorf("appended %+v", appended)
			}
		})
	}
}

// TestWhatIsKnownOfAnAppendWhoseCallBreaks: what was not sent was not stored; anything else may be.
func TestWhatIsKnownOfAnAppendWhoseCallBreaks(t *testing.T) {
	t.Run("before it is sent", func(t *testing.T) {
		settings := start(t, nil)
		settings.Address += "-nobody"
		client := open(t, settings)
		if _, got := client.Append(t.Context(), "notes-1", 0, record(10)); got != batches.NotStored {
			t.Errorf("the outcome is %d", got)
		}
	})
	t.Run("after it was sent", func(t *testing.T) {
		client := open(t, start(t, func(call streams.Streams_BatchAppendServer) error {
			_, err := call.Recv()
			return err
		}))
		if _, got := client.Append(t.Context(), "notes-1", 0, record(10)); got != batches.Unknown {
			t.Errorf("the outcome is %d", got)
		}
	})
}

// TestAServerWithoutBatchesIsLeftAlone: nobody pays for what it does not offer, but for a try now and then.
func TestAServerWithoutBatchesIsLeftAlone(t *testing.T) {
	var calls atomic.Int32
	client := open(t, start(t, func(streams.Streams_BatchAppendServer) error {
		calls.Add(1)
		return status.Error(codes.Unimplemented, "unheard of")
	}))
	const appends = 1000
	for range appends {
		if _, got := client.Append(t.Context(), "notes-1", 0, record(10)); got == batches.Stored {
			t.Fatal("it was stored")
		}
	}
	if n := calls.Load(); n == 0 || n > appends/10 {
		t.Errorf("%d calls for %d appends", n, appends)
	}
}

// TestABrokenCallIsNotWaitedFor: all that are on their way go another way at once.
func TestABrokenCallIsNotWaitedFor(t *testing.T) {
	const appends = 20
	client := open(t, start(t, func(call streams.Streams_BatchAppendServer) error {
		for range appends {
			if _, err := call.Recv(); err != nil {
				return err
			}
		}
		return status.Error(codes.Unavailable, "good-bye")
	}))
	client.TryFor(time.Hour)
	var waiting sync.WaitGroup
	for range appends {
		waiting.Go(func() {
			if _, got := client.Append(t.Context(), "notes-1", 0, record(10)); got != batches.Unknown {
				t.Errorf("the outcome is %d", got)
			}
		})
	}
	waiting.Wait()
}

// TestSilenceEndsTheCall: it may be one that nobody hears any more.
func TestSilenceEndsTheCall(t *testing.T) {
	ended := make(chan struct{})
	client := open(t, start(t, func(call streams.Streams_BatchAppendServer) error {
		<-call.Context().Done()
		close(ended)
		return nil
	}))
	client.TryFor(50 * time.Millisecond)
	if _, got := client.Append(t.Context(), "notes-1", 0, record(10)); got != batches.Unknown {
		t.Errorf("the outcome is %d", got)
	}
	<-ended
}

// TestTheEndOfARequestIsNoSilence: whoever asked may be gone, but others wait.
func TestTheEndOfARequestIsNoSilence(t *testing.T) {
	var calls atomic.Int32
	mute := make(chan struct{})
	client := open(t, start(t, func(call streams.Streams_BatchAppendServer) error {
		calls.Add(1)
		<-mute
		return answering(stored)(call)
	}))
	client.TryFor(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, got := client.Append(ctx, "notes-1", 0, record(10)); got == batches.Stored {
		t.Error("it was stored")
	}
	close(mute)
	if _, got := client.Append(t.Context(), "notes-1", 0, record(10)); got != batches.Stored || calls.Load() != 1 {
		t.Errorf("the outcome is %d, in call %d", got, calls.Load())
	}
}

// TestWhoGivesUpEarlyIsNotSent: an append that is reported as not sent must not be sent later.
func TestWhoGivesUpEarlyIsNotSent(t *testing.T) {
	hear, seen := make(chan struct{}), make(map[string]bool)
	client := open(t, start(t, func(call streams.Streams_BatchAppendServer) error {
		<-hear
		return answering(func(request *streams.BatchAppendReq) *streams.BatchAppendResp {
			seen[string(request.GetOptions().GetStreamIdentifier().GetStreamName())] = true
			return stored(request)
		})(call)
	}))
	client.TryFor(time.Hour)
	var large sync.WaitGroup
	for range 3 { // more than may be on the wire unheard
		large.Go(func() {
			if _, got := client.Append(t.Context(), "large", 0, record(200_000)); got != batches.Stored {
				t.Errorf("the outcome is %d", got)
			}
		})
	}
	var notSent []string
	for i := 0; len(notSent) < 10; i++ {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		stream := fmt.Sprint("given up ", i)
		if _, got := client.Append(ctx, stream, 0, record(10)); got == batches.NotStored { // others overtook the large ones
			notSent = append(notSent, stream)
		}
		cancel()
	}
	close(hear)
	large.Wait()
	until(t, client, batches.Stored) // it is behind all others, and so is whatever was seen
	for _, stream := range notSent {
		if seen[stream] {
			t.Errorf("%q was sent", stream)
		}
	}
}

func TestThereIsNoWaitingForRoom(t *testing.T) {
	client := open(t, start(t, answering(func(*streams.BatchAppendReq) *streams.BatchAppendResp { return nil })))
	client.TryFor(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var waiting sync.WaitGroup
	full := make(chan struct{}, 100)
	for range 100 {
		waiting.Go(func() {
			if _, got := client.Append(ctx, "notes-1", 0, record(batches.LargestAppend-1000)); got == batches.NotStored && ctx.Err() == nil {
				full <- struct{}{}
			}
		})
	}
	for range 80 {
		<-full
	}
	cancel()
	waiting.Wait()
}

func TestTooLargeAppendsAreNotTried(t *testing.T) {
	client := open(t, start(t, answering(stored)))
	if _, got := client.Append(t.Context(), "notes-1", 0, record(batches.LargestAppend)); got != batches.NotStored {
		t.Errorf("the outcome is %d", got)
	}
	if _, got := client.Append(t.Context(), "notes-1", 0, record(batches.LargestAppend-1000)); got != batches.Stored {
		t.Errorf("of a smaller one it is %d", got)
	}
}

func TestSecretsAreSentOverTLSOnly(t *testing.T) {
	headers := make(chan metadata.MD, 1)
	settings := start(t, func(call streams.Streams_BatchAppendServer) error {
		header, _ := metadata.FromIncomingContext(call.Context())
		headers <- header
		return answering(stored)(call)
	})
	settings.Username, settings.Password = "admin", "changeit"
	until(t, open(t, settings), batches.Stored)
	header := <-headers
	if len(header.Get("authorization")) > 0 {
		t.Error("the password was sent in clear")
	}
	if got := header.Get("requires-leader"); len(got) != 1 || got[0] != "true" {
		t.Errorf("requires-leader is %q", got)
	}
}

func TestANodeThatIsYetToBeFoundHasNoBatches(t *testing.T) {
	for _, settings := range []*esdb.Configuration{
		{Address: "cluster.example.org:2113", DnsDiscover: true},
		{GossipSeeds: []*esdb.EndPoint{{Host: "a", Port: 1}, {Host: "b", Port: 2}}},
	} {
		client, err := batches.New(settings, nil)
		if err != nil || client != nil {
			t.Errorf("%+v has %v, %v", settings, client, err)
		}
	}
	var none *batches.Client
	if _, got := none.Append(t.Context(), "notes-1", 0, record(10)); got != batches.NotStored {
		t.Errorf("the outcome is %d", got)
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	const appends = 10
	heard := make(chan struct{}, appends)
	settings := start(t, answering(func(*streams.BatchAppendReq) *streams.BatchAppendResp {
		heard <- struct{}{}
		return nil
	}))
	before := goleak.IgnoreCurrent()
	client, err := batches.New(settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	client.TryFor(time.Hour)
	var waiting sync.WaitGroup
	for range appends {
		waiting.Go(func() { client.Append(t.Context(), "notes-1", 0, record(10)) })
	}
	for range appends {
		<-heard
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	waiting.Wait()
	if _, got := client.Append(t.Context(), "notes-1", 0, record(10)); got != batches.NotStored {
		t.Errorf("after Close the outcome is %d", got)
	}
	goleak.VerifyNone(t, before)
}
