package steady_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"go.uber.org/goleak"

	"am-user-management/internal/eventstore/steady"
	"am-user-management/internal/node/nodetest"
)

// connector makes clients that look for a node so many times, and counts them.
func connector(address string, attempts int) (func() (*esdb.Client, error), *atomic.Int32) {
	made := &atomic.Int32{}
	return func() (*esdb.Client, error) {
		settings, err := esdb.ParseConnectionString("esdb://localhost?tls=false&discoveryInterval=1")
		if err != nil {
			return nil, err
		}
		settings.Address, settings.MaxDiscoverAttempts, settings.Logger = address, attempts, nil
		made.Add(1)
		return esdb.NewClient(settings)
	}, made
}

func open(t *testing.T, connect func() (*esdb.Client, error)) *steady.Client {
	t.Helper()
	client := steady.New(connect)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// write is a call as a store makes it.
func write(ctx context.Context, client *steady.Client, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := steady.Do(ctx, client, func(ctx context.Context, client *esdb.Client) (*esdb.WriteResult, error) {
		return client.AppendToStream(ctx, "s", esdb.AppendToStreamOptions{})
	})
	return err
}

// mute is the address of a node that takes connections and never says a word.
func mute(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
		for _, conn := range conns {
			conn.Close()
		}
	})
	return "unix://" + listener.Addr().String()
}

func TestCallsComeBackWhileTheClientLooksForANode(t *testing.T) {
	connect, _ := connector(mute(t), 1_000_000)
	client := open(t, connect)
	if err := write(t.Context(), client, time.Millisecond); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, steady.ErrNotTried) {
		t.Fatalf("the first call: %v", err)
	}
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if err := write(t.Context(), client, time.Millisecond); !errors.Is(err, steady.ErrNotTried) {
				t.Errorf("a call behind it: %v", err)
			}
		})
	}
	calls.Wait()
}

func TestAClientThatFoundNoNodeIsReplaced(t *testing.T) {
	node := nodetest.Start(t)
	connect, made := connector(node.Address, 3)
	client := open(t, connect)
	if err := write(t.Context(), client, time.Minute); err != nil {
		t.Fatal(err)
	}
	node.Stop()
	for made.Load() < 2 { // the first has died
		var calls sync.WaitGroup
		for range 20 { // they are queued in the client when it dies: that they end at all is the point
			calls.Go(func() {
				if err := write(t.Context(), client, 100*time.Millisecond); err == nil {
					t.Error("there is no node, yet a call succeeded")
				}
			})
		}
		calls.Wait()
	}
	node.Restart()
	for write(t.Context(), client, time.Minute) != nil {
		if t.Context().Err() != nil {
			t.Fatal("the node is there again, but not for us")
		}
	}
}

func TestALongOutageLeavesNothingBehind(t *testing.T) {
	node := nodetest.Start(t)
	connect, made := connector(node.Address, 3)
	client := steady.New(connect)
	if err := write(t.Context(), client, time.Minute); err != nil {
		t.Fatal(err)
	}
	node.Stop()
	before := goleak.IgnoreCurrent()
	for made.Load() < 20 { // clients that died, one after the other
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() { _ = write(t.Context(), client, 10*time.Millisecond) })
		}
		calls.Wait()
	}
	client.Close()
	goleak.VerifyNone(t, before, goleak.IgnoreTopFunction("am-user-management/internal/eventstore/steady.aside.loop")) // idle
}

func TestAPanicIsAnError(t *testing.T) {
	node := nodetest.Start(t)
	connect, _ := connector(node.Address, 3)
	client := open(t, connect)
	_, err := steady.Do(t.Context(), client, func(context.Context, *esdb.Client) (int, error) { panic("a message it does not know") })
	if err == nil {
		t.Fatal("no error")
	}
	if err := write(t.Context(), client, time.Minute); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func TestWithoutAClientNothingIsTried(t *testing.T) {
	reason := errors.New("no settings")
	client := open(t, func() (*esdb.Client, error) { return nil, reason })
	if err := write(t.Context(), client, time.Minute); !errors.Is(err, steady.ErrNotTried) || !errors.Is(err, reason) {
		t.Errorf("got %v", err)
	}
}
