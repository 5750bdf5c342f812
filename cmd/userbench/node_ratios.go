package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

const (
	ratioWriters = 64
	ratioAppend  = 0.5
	ratioRead    = 0.5
	// A single writer may take so many times as long as the disk, and this more for the way there and back.
	singleSyncs = 3
	singleMore  = 1.0 // ms
)

// ratios measures the server against the bare limits of this machine.
func (t *target) ratios(ctx context.Context) ([]nodeRow, error) {
	rows, err := t.logRatio(ctx)
	if err != nil {
		return nil, err
	}
	ours := side{t.pid, t.appends(eventBytes)}
	syncs, err := t.start(ctx, "fdatasync", settings{})
	if err != nil {
		return rows, err
	}
	one, err := t.alternate(ctx, ours, side{syncs.pid(), syncs.work}, load{Callers: 1, For: t.seconds})
	if err != nil {
		return rows, err
	}
	took, bound := one.ours.median(sample.p50), singleSyncs*one.bare.median(sample.p50)+singleMore
	rows = append(rows, goalRow("append by 1, p50",
		fmt.Sprintf("%.2f ms (a sync takes %.2f ms)", took, one.bare.median(sample.p50)),
		fmt.Sprintf("<= %.2f ms, %d syncs and %.0f ms", bound, singleSyncs, singleMore), took <= bound, max(one.ours.foreign(), one.bare.foreign())))

	row, err := t.readRatio(ctx)
	return append(rows, row), err
}

// logRatio compares our log with the synced commits of what it is built on, and says what is left of it behind gRPC.
func (t *target) logRatio(ctx context.Context) ([]nodeRow, error) {
	disk, err := t.start(ctx, "pebble-append", settings{})
	if err != nil {
		return nil, err
	}
	log, err := t.start(ctx, "store-append", settings{})
	if err != nil {
		return nil, err
	}
	atOnce := load{Callers: ratioWriters, For: t.seconds}
	c, err := t.alternate(ctx, side{log.pid(), log.work}, side{disk.pid(), disk.work}, atOnce)
	if err != nil {
		return nil, err
	}
	served, err := t.turn(ctx, side{t.pid, t.appends(eventBytes)}, atOnce)
	if err != nil {
		return nil, err
	}
	ours, bare := c.ours.median(sample.rate), c.bare.median(sample.rate)
	ratio := quotient(ours, bare)
	return []nodeRow{
		goalRow(fmt.Sprintf("our log, %d bytes by %d / Pebble's synced commits", eventBytes, ratioWriters),
			fmt.Sprintf("%.2f (%s/s of %s/s)", ratio, thousands(ours), thousands(bare)),
			fmt.Sprintf(">= %.2f", ratioAppend), ratio >= ratioAppend, max(c.ours.foreign(), c.bare.foreign())),
		{
			what: "the same appends by clients, a call each", measured: thousands(served.rate()) + "/s",
			against: "what gRPC leaves: G6 of make bench", verdict: "-", foreign: served.Foreign,
		},
	}, nil
}

// readRatio compares reading the log with a bare stream of as many messages of the same size.
func (t *target) readRatio(ctx context.Context) (nodeRow, error) {
	const what = "read $all / a bare gRPC stream of such messages"
	if t.raw == nil {
		return nodeRow{what: what, measured: "needs a plain connection to one address", verdict: "-"}, nil
	}
	count, size, err := t.messages(ctx)
	if err != nil {
		return nodeRow{}, err
	}
	bare, err := t.start(ctx, "bare-stream", settings{Events: int(count), Bytes: size})
	if err != nil {
		return nodeRow{}, err
	}
	conn, err := grpc.NewClient(bare.address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithWriteBufferSize(64<<10), grpc.WithReadBufferSize(64<<10))
	if err != nil {
		return nodeRow{}, err
	}
	defer conn.Close() //nolint:errcheck // nothing is on its way
	stream := func(ctx context.Context, _ load) (sample, error) {
		var s sample
		start := time.Now()
		err := readAll(ctx, conn, "Follow", "", func([]byte) (bool, error) {
			s.Ops++
			return s.Ops == count, nil
		})
		s.Elapsed = time.Since(start)
		return s, err
	}
	c, err := t.alternate(ctx, side{t.pid, t.readAll}, side{bare.pid(), stream}, load{For: t.seconds})
	if err != nil {
		return nodeRow{}, err
	}
	ratio := quotient(c.ours.median(sample.rate), c.bare.median(sample.rate))
	return goalRow(what, fmt.Sprintf("%.2f (%s/s of %s/s)", ratio, thousands(c.ours.median(sample.rate)), thousands(c.bare.median(sample.rate))),
		fmt.Sprintf(">= %.2f", ratioRead), ratio >= ratioRead, max(c.ours.foreign(), c.bare.foreign())), nil
}

// messages tells how many events readAll reads, and how many bytes a message has on average.
func (t *target) messages(ctx context.Context) (count uint64, size int, err error) {
	call, err := streams.NewStreamsClient(t.raw).Read(ctx, &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
			AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
		}},
		CountOption:  &streams.ReadReq_Options_Count{Count: mixReadAtMost},
		FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption: &streams.ReadReq_Options_UUIDOption{
			Content: &streams.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}},
		},
	}})
	if err != nil {
		return 0, 0, err
	}
	total := 0
	for {
		answer, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return count, total / int(max(count, 1)), nil
		}
		if err != nil {
			return 0, 0, err
		}
		total += proto.Size(answer)
		count++
	}
}

// openBareStream serves a log in memory whose messages have a size.
func openBareStream(_ context.Context, s settings) (*subject, error) {
	log := newTail()
	data := make([]byte, s.Bytes)
	for i := range s.Events {
		log.add(uint64(i)+1, data)
	}
	conn, stop, err := (&bareStore{log: log}).serve("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &subject{address: conn.Target(), close: stop}, nil
}

// openSync writes as much as an event takes into a file that has its size, and waits for the disk, as Pebble does.
func openSync(_ context.Context, s settings) (*subject, error) {
	const size = 64 << 20
	file, err := vfs.Default.Create(filepath.Join(s.Dir, "sync"), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(file.Preallocate(0, size), file.Sync()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	data := make([]byte, eventBytes)
	return &subject{close: file.Close, work: func(ctx context.Context, l load) (sample, error) {
		return drive(ctx, l, timed(func(context.Context, int) error {
			if _, err := file.Write(data); err != nil {
				return err
			}
			return file.SyncData()
		}))
	}}, nil
}
