package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	batchEvents = 50
	batchFlight = 64
)

// errNoBatches is a server that does not offer batch appends.
var errNoBatches = errors.New("not offered by this server")

// batches measures BatchAppend, which the client lacks.
func (t *target) batches(ctx context.Context) (nodeRow, error) {
	what := fmt.Sprintf("batch append of %d events, %d in flight", batchEvents, batchFlight)
	published := figures{rate: span{89_000, 96_000}}
	none := nodeRow{what: what, against: published.text(), verdict: "-"}
	if t.raw == nil {
		none.measured = "needs a plain connection to one address"
		return none, nil
	}
	s, err := t.turns(ctx, load{Callers: batchFlight, For: t.seconds}, t.appendBatches)
	if errors.Is(err, errNoBatches) {
		none.measured = err.Error()
		return none, nil
	}
	if err != nil {
		return none, err
	}
	return held(what, s, published), nil
}

// appendBatches keeps so many batches in flight in one call, each to a new stream, until the time is over.
func (t *target) appendBatches(ctx context.Context, l load) (sample, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := streams.NewStreamsClient(t.raw).BatchAppend(ctx)
	if err != nil {
		return sample{}, err
	}
	start := time.Now()
	flight := make(chan struct{}, l.Callers)
	sent := make(chan error, 1)
	go func() {
		data := make([]byte, mixEventBytes)
		for time.Since(start) < l.For {
			select {
			case flight <- struct{}{}:
			case <-ctx.Done():
				sent <- ctx.Err()
				return
			}
			if err := call.Send(newBatch(data)); err != nil {
				sent <- err
				return
			}
		}
		sent <- call.CloseSend()
	}()
	s := sample{}
	for {
		answer, err := call.Recv()
		switch {
		case errors.Is(err, io.EOF):
			s.Elapsed = time.Since(start)
			return s, <-sent
		case status.Code(err) == codes.Unimplemented:
			return s, errNoBatches
		case err != nil:
			return s, err
		case answer.GetError() != nil:
			return s, fmt.Errorf("batch refused: %v", answer.GetError())
		}
		s.Ops += batchEvents
		<-flight
	}
}

func newBatch(data []byte) *streams.BatchAppendReq {
	request := &streams.BatchAppendReq{
		CorrelationId: rawID(uuid.New()), IsFinal: true,
		Options: &streams.BatchAppendReq_Options{
			StreamIdentifier:       &shared.StreamIdentifier{StreamName: []byte("bench-" + uuid.NewString())},
			ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}},
		},
	}
	for range batchEvents {
		request.ProposedMessages = append(request.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
			Id: rawID(uuid.New()), Data: data,
			Metadata: map[string]string{"type": "bench", "content-type": "application/octet-stream"},
		})
	}
	return request
}

func rawID(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}
}
