package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/feed"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/pgtest"
)

// stressVariable turns TestPubSubStress on; make test-stress sets it.
const stressVariable = "STRESS"

// features is all that watermill's suite can ask of a log.
var features = tests.Features{
	ConsumerGroups:                      true,
	GuaranteedOrder:                     true,
	GuaranteedOrderWithSingleSubscriber: true,
	Persistent:                          true,
	NewSubscriberReceivesOldMessages:    true,
}

func TestPubSub(t *testing.T) {
	bus := newBus(t)
	asked := features
	asked.RestartServiceCommand = bus.restartCommand(t)
	tests.TestPubSub(t, asked, bus.everyone, bus.group)
}

// TestPubSubInOneGroup is the suite with all subscribers in one group that remembers: a new one goes on where the
// last one stopped, and of several one has its turn.
func TestPubSubInOneGroup(t *testing.T) {
	bus := newBus(t)
	asked := features
	asked.NewSubscriberReceivesOldMessages = false
	tests.TestPubSub(t, asked, func(t *testing.T) (message.Publisher, message.Subscriber) {
		t.Helper()
		return bus.group(t, "everybody")
	}, bus.group)
}

func TestPubSubStress(t *testing.T) {
	if os.Getenv(stressVariable) == "" {
		return
	}
	bus := newBus(t)
	asked := features
	asked.RestartServiceCommand = bus.restartCommand(t)
	tests.TestPubSubStressTest(t, asked, bus.everyone, bus.group)
}

// bus is a node and a database for watermill's suite: a topic is a stream.
type bus struct {
	node *nodetest.Node
	pool *pgxpool.Pool
	log  *feed.EventStore
}

func newBus(t *testing.T) *bus {
	t.Helper()
	b := &bus{node: nodetest.Start(t), pool: pgtest.New(t)}
	b.log = feed.NewEventStore(func() (*esdb.Client, error) { return dial(b.node.Address) })
	t.Cleanup(func() { _ = b.log.Close() })
	return b
}

func dial(address string) (*esdb.Client, error) {
	configuration, err := esdb.ParseConnectionString("esdb://localhost:2113?tls=false")
	if err != nil {
		return nil, err
	}
	configuration.Address = address
	configuration.DisableTLS = true
	configuration.Logger = esdb.NoopLogging()
	return esdb.NewClient(configuration)
}

func suiteOptions() feed.SubscriberOptions {
	return feed.SubscriberOptions{
		MaxEvents: 1,
		Nacked:    feed.Backoff{First: time.Millisecond, Most: 5 * time.Millisecond},
		Grace:     10 * time.Millisecond,
	}
}

func (b *bus) everyone(t *testing.T) (message.Publisher, message.Subscriber) {
	t.Helper()
	subscriber := feed.NewSubscriber(b.log, feed.FromStart{}, suiteOptions())
	if strings.Contains(t.Name(), "/TestReconnect/") {
		return b.publisher(t), holdLast(t, subscriber, 10_000)
	}
	return b.publisher(t), subscriber
}

// holdLast delays the last of so many messages. The suite's TestReconnect compares what came with a list that another
// goroutine still fills when the last message is here; nothing that it waits for tells it that the list is complete.
func holdLast(t *testing.T, subscriber message.Subscriber, count int) message.Subscriber {
	t.Helper()
	seen := make(map[string]bool)
	held, err := message.MessageTransformSubscriberDecorator(func(msg *message.Message) {
		seen[msg.UUID] = true
		if len(seen) == count {
			<-time.After(200 * time.Millisecond)
		}
	})(subscriber)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func (b *bus) group(t *testing.T, name string) (message.Publisher, message.Subscriber) {
	t.Helper()
	group := feed.NewGroup(b.pool, name, feed.GroupOptions{Timing: feed.Timing{Standby: 10 * time.Millisecond}})
	return b.publisher(t), feed.NewSubscriber(b.log, group, suiteOptions())
}

func (b *bus) publisher(t *testing.T) *publisher {
	t.Helper()
	client, err := dial(b.node.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return &publisher{client: client}
}

// publisher appends messages as events. It is for the suite only: domain events are appended at an exact revision.
type publisher struct{ client *esdb.Client }

func (p *publisher) Publish(topic string, messages ...*message.Message) error {
	events := make([]esdb.EventData, len(messages))
	for i, msg := range messages {
		id, err := uuid.Parse(msg.UUID)
		if err != nil {
			return err
		}
		metadata, err := json.Marshal(msg.Metadata)
		if err != nil {
			return err
		}
		events[i] = esdb.EventData{EventID: id, EventType: "message", Data: msg.Payload, Metadata: metadata}
	}
	_, err := p.client.AppendToStream(context.Background(), topic, esdb.AppendToStreamOptions{}, events...)
	return err
}

func (p *publisher) Close() error { return nil }

// restartArgument makes the test binary ask another one to restart its node.
const restartArgument = "restart-node"

// restartCommand is a command that restarts the node: the suite wants one to run.
func (b *bus) restartCommand(t *testing.T) []string {
	t.Helper()
	if raceDetector {
		return nil // TestReconnect reads that list without a lock; TestRestartOfTheStore is ours
	}
	folder, err := os.MkdirTemp("", "feed") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, "s")
	lis, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = lis.Close(); <-done; _ = os.RemoveAll(folder) })
	go func() {
		defer close(done)
		for {
			conn, err := lis.Accept()
			if err != nil {
				return
			}
			b.node.Restart()
			_ = conn.Close()
		}
	}()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{program, restartArgument, socket}
}

// restartIfAsked is the other end of restartCommand.
func restartIfAsked() {
	if len(os.Args) != 3 || os.Args[1] != restartArgument {
		return
	}
	conn, err := net.Dial("unix", os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, err = conn.Read(make([]byte, 1)) // the end says that it is done
	if err != nil && !errors.Is(err, net.ErrClosed) && err.Error() != "EOF" {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
