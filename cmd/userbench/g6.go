package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/node"
)

// measureG6 compares the whole event store, client included, with the least that does the same over gRPC.
func measureG6(ctx context.Context, b *bench) ([]row, error) {
	ours, bare, err := b.pair(ctx, "node-append", "bare-append", settings{})
	if err != nil {
		return nil, err
	}
	c, err := b.alternate(ctx, ours, bare, load{Callers: b.conns, For: b.seconds})
	if err != nil {
		return nil, err
	}
	return []row{ratio("G6", callers(b.conns), c, 0.70, 0.85)}, nil
}

func callers(n int) string { return fmt.Sprintf("%d callers", n) }

// openNodeAppend appends one event a call through the client, every call to a new stream.
func openNodeAppend(_ context.Context, s settings) (*subject, error) {
	n, err := startNode(s.Dir)
	if err != nil {
		return nil, err
	}
	data := make([]byte, eventBytes)
	return &subject{close: n.close, work: func(ctx context.Context, l load) (sample, error) {
		return drive(ctx, l, timed(func(ctx context.Context, _ int) error {
			id := uuid.New()
			_, err := n.client.AppendToStream(ctx, "account-"+id.String(),
				esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}},
				esdb.EventData{EventID: id, EventType: "account.user_created.v1", ContentType: esdb.ContentTypeJson, Data: data})
			return err
		}))
	}}, nil
}

// openBareAppend does the same to the bare store.
func openBareAppend(_ context.Context, s settings) (*subject, error) {
	db, err := openPebble(s.Dir)
	if err != nil {
		return nil, err
	}
	conn, stop, err := (&bareStore{db: db}).serve("unix", filepath.Join(s.Dir, "bare.sock"))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	data := make([]byte, eventBytes)
	return &subject{
		close: func() error { return errors.Join(stop(), db.Close()) },
		work: func(ctx context.Context, l load) (sample, error) {
			return drive(ctx, l, timed(func(ctx context.Context, _ int) error {
				_, err := appendTo(ctx, conn, "account-"+uuid.NewString(), data)
				return err
			}))
		},
	}, nil
}

// runningNode is the embedded node on a socket, as `userd dev` runs it, with a client.
type runningNode struct {
	*node.Node
	address string
	client  *esdb.Client
	served  chan error
}

func startNode(dir string) (*runningNode, error) {
	opened, err := node.Open(node.Options{Dir: filepath.Join(dir, "log")})
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "node.sock")
	listener, err := net.Listen("unix", socket) //nolint:noctx // it does not block
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	n := &runningNode{Node: opened, address: "unix:" + socket, served: make(chan error, 1)}
	go func() { n.served <- opened.Serve(listener) }()
	if n.client, err = esdbstore.Connect(n.address, nil); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *runningNode) close() error {
	var err error
	if n.client != nil {
		err = n.client.Close()
	}
	return errors.Join(err, n.Close(), <-n.served)
}
