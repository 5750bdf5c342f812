package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// bareStore is the least that can be called an event store over gRPC: it appends in EventStoreDB's shape (a stream of
// messages from the client: where, then what), reads a stream, lets the log be followed, and checks nothing. Its
// messages are bare bytes.
type bareStore struct {
	db   *pebble.DB // nil: appends are not kept
	next atomic.Uint64
	log  *tail // nil: nobody follows
}

// serve serves the store on a listener and returns a connection to it; stop ends both.
func (b *bareStore) serve(network, address string) (conn *grpc.ClientConn, stop func() error, err error) {
	listener, err := net.Listen(network, address) //nolint:noctx // it does not block
	if err != nil {
		return nil, nil, err
	}
	server := grpc.NewServer(grpc.WriteBufferSize(64<<10), grpc.ReadBufferSize(64<<10), grpc.WaitForHandlers(true))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bare.Store", HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{
			{StreamName: "Append", ClientStreams: true, Handler: func(_ any, call grpc.ServerStream) error { return b.onAppend(call) }},
			{StreamName: "Read", ServerStreams: true, Handler: func(_ any, call grpc.ServerStream) error { return b.onRead(call) }},
			{StreamName: "Follow", ServerStreams: true, Handler: func(_ any, call grpc.ServerStream) error { return b.onFollow(call) }},
		},
	}, b)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	target := listener.Addr().String()
	if network == "unix" {
		target = "unix:" + target
	}
	conn, err = grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithWriteBufferSize(64<<10), grpc.WithReadBufferSize(64<<10))
	if err != nil {
		server.Stop()
		return nil, nil, errors.Join(err, <-served)
	}
	return conn, func() error {
		err := conn.Close()
		server.Stop()
		return errors.Join(err, <-served)
	}, nil
}

func (b *bareStore) onAppend(call grpc.ServerStream) error {
	var stream, data wrapperspb.BytesValue
	if err := call.RecvMsg(&stream); err != nil {
		return err
	}
	if err := call.RecvMsg(&data); err != nil {
		return err
	}
	if err := call.RecvMsg(new(wrapperspb.BytesValue)); !errors.Is(err, io.EOF) {
		return errors.Join(err, errors.New("an append has two messages"))
	}
	position := b.next.Add(1)
	if b.db != nil {
		if err := writeThree(b.db, position, string(stream.Value), data.Value); err != nil {
			return err
		}
	}
	if b.log != nil {
		b.log.add(position, data.Value)
	}
	return call.SendMsg(wrapperspb.UInt64(position))
}

// onRead sends the first events of a stream, as preload wrote them.
func (b *bareStore) onRead(call grpc.ServerStream) error {
	var stream wrapperspb.BytesValue
	if err := call.RecvMsg(&stream); err != nil {
		return err
	}
	prefix := append(append([]byte("p"), stream.Value...), 0)
	it, err := b.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: append(prefix[:len(prefix)-1:len(prefix)-1], 1)})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		if err := call.SendMsg(wrapperspb.Bytes(it.Value())); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return it.Close()
}

// preload writes the events that a stream is to have, without waiting for the disk.
func (b *bareStore) preload(stream string, events [][]byte) error {
	for i, data := range events {
		if err := b.db.Set(append([]byte("p"+stream+"\x00"), byte(i)), data, pebble.NoSync); err != nil {
			return err
		}
	}
	return nil
}

// onFollow sends the whole log and whatever comes, without end.
func (b *bareStore) onFollow(call grpc.ServerStream) error {
	if err := call.RecvMsg(new(wrapperspb.BytesValue)); err != nil {
		return err
	}
	for from := 0; ; {
		events, more := b.log.after(from)
		for _, data := range events {
			if err := call.SendMsg(wrapperspb.Bytes(data)); err != nil {
				return err
			}
		}
		if from += len(events); len(events) > 0 {
			continue
		}
		select {
		case <-more:
		case <-call.Context().Done():
			return call.Context().Err()
		}
	}
}

// appendTo is the client's side of an append.
func appendTo(ctx context.Context, conn *grpc.ClientConn, stream string, data []byte) (uint64, error) {
	call, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, "/bare.Store/Append")
	if err != nil {
		return 0, err
	}
	err = errors.Join(call.SendMsg(wrapperspb.Bytes([]byte(stream))), call.SendMsg(wrapperspb.Bytes(data)), call.CloseSend())
	if err != nil {
		return 0, err
	}
	var position wrapperspb.UInt64Value
	err = call.RecvMsg(&position)
	return position.Value, err
}

// readAll is the client's side of Read and Follow: it calls each with every message until that fails or says it had
// enough.
func readAll(ctx context.Context, conn *grpc.ClientConn, method, stream string, each func(data []byte) (enough bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/bare.Store/"+method)
	if err != nil {
		return err
	}
	if err := errors.Join(call.SendMsg(wrapperspb.Bytes([]byte(stream))), call.CloseSend()); err != nil {
		return err
	}
	for {
		var message wrapperspb.BytesValue
		if err := call.RecvMsg(&message); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if enough, err := each(message.Value); enough || err != nil {
			return err
		}
	}
}
