package batches_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/batches"
	"am-user-management/internal/node/nodetest"
)

func TestManyAppendsAtOnce(t *testing.T) {
	node := nodetest.Start(t)
	client := open(t, &esdb.Configuration{Address: node.Address, DisableTLS: true})
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			stream := fmt.Sprint("notes-", i)
			for expected := eventstore.NoStream; expected < 5; expected++ {
				appended, outcome := client.Append(t.Context(), stream, expected, record(100))
				if outcome != batches.Stored || appended.Revision != uint64(expected+1) || appended.Position.IsZero() {
					t.Errorf("appended %+v at %d, outcome %d", appended, expected, outcome)
				}
			}
		})
	}
	group.Wait()
}

func TestBatchesComeBackWithTheNode(t *testing.T) {
	node := nodetest.Start(t)
	client := open(t, &esdb.Configuration{Address: node.Address, DisableTLS: true})
	for range 3 {
		until(t, client, batches.Stored)
		node.Restart()
	}
	until(t, client, batches.Stored)
}

func TestANodeThatAsksWhoCalls(t *testing.T) {
	certificate, key := nodetest.Certificate(t)
	node := nodetest.StartWith(t, nodetest.Secured(t, certificate, key))
	settings := func(password string) *esdb.Configuration {
		return &esdb.Configuration{
			Address: node.Address, RootCAs: nodetest.Trusting(t, certificate).RootCAs, Username: "admin", Password: password,
		}
	}
	if _, got := open(t, settings("changeit")).Append(t.Context(), "notes-1", eventstore.NoStream, record(10)); got != batches.Stored {
		t.Errorf("the outcome is %d", got)
	}
	if _, got := open(t, settings("wrong")).Append(t.Context(), "notes-2", eventstore.NoStream, record(10)); got == batches.Stored {
		t.Error("anybody may write")
	}
}
