package esdbstore_test

import (
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/eventstore/storetest"
	"am-user-management/internal/keyring"
	"am-user-management/internal/node/clustertest"
)

// impatient are settings of a client that gives up a search soon, and dies; patient is a store that goes on.
var (
	impatient = []string{"maxDiscoverAttempts=3", "discoveryInterval=10", "gossipTimeout=1", "keepAliveTimeout=1000"}
	patient   = esdbstore.Options{LoadTimeout: time.Minute, AppendTimeout: time.Minute}
)

func openCluster(t *testing.T, cluster *clustertest.Cluster, settings ...string) *esdbstore.Store {
	t.Helper()
	url := cluster.URL(append(settings, impatient...)...)
	return openWith(t, connector(t, url), keyring.NewMemory(), storetest.Events, patient)
}

func TestAppendsGoToTheLeader(t *testing.T) {
	cluster := clustertest.Start(t, 3)
	store := openCluster(t, cluster)
	for number := range 6 {
		leader := number % 3
		cluster.Lead(leader)
		before := cluster.Members[leader].Appends()
		mustAppend(t, store, "notes-1", eventstore.Expected(number-1))
		if got := cluster.Members[leader].Appends(); got != before+1 {
			t.Errorf("append %d: the leader has answered %d, before it %d", number, got, before)
		}
	}
	mustLoad(t, store, "notes-1", 6)
}

// TestReadsGoToTheLeader: a follower may lag, whatever the connection string prefers.
func TestReadsGoToTheLeader(t *testing.T) {
	cluster := clustertest.Start(t, 2)
	store := openCluster(t, cluster, "nodePreference=follower")
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	for leader := range 2 {
		cluster.Lead(leader)
		mustLoad(t, store, "notes-1", 1)
		if others := cluster.Members[1-leader].Reads(); others != int64(leader) {
			t.Errorf("member %d leads, and the other one has answered %d reads", leader, others)
		}
	}
}

func TestALeaderThatIsKilledIsReplaced(t *testing.T) {
	cluster := clustertest.Start(t, 3)
	store := openCluster(t, cluster)
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	cluster.Members[0].Kill()
	done := make(chan error, 1)
	go func() {
		_, _, err := store.Append(t.Context(), "notes-1", 0, draft("text"))
		done <- err
	}()
	cluster.Lead(2) // gossip named the dead one until now
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	mustLoad(t, store, "notes-1", 2)
}

// TestALineThatGoesDeadIsGivenUp waits for the client's keep-alive, which is never below ten seconds.
func TestALineThatGoesDeadIsGivenUp(t *testing.T) {
	t.Parallel()
	cluster := clustertest.Start(t, 2)
	store := openCluster(t, cluster)
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	cluster.Members[0].Freeze()
	cluster.Lead(1)
	mustAppend(t, store, "notes-1", 0)
	mustLoad(t, store, "notes-1", 2)
}

func TestWithoutQuorumAppendsWait(t *testing.T) {
	cluster := clustertest.Start(t, 3)
	store := openCluster(t, cluster)
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	cluster.LoseQuorum(true)
	done := make(chan error, 1)
	go func() {
		_, _, err := store.Append(t.Context(), "notes-1", 0, draft("text"))
		done <- err
	}()
	mustLoad(t, store, "notes-1", 1) // reads go on
	cluster.LoseQuorum(false)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	mustLoad(t, store, "notes-1", 2)
}

func TestAClusterThatIsAwayIsWaitedFor(t *testing.T) {
	cluster := clustertest.Start(t, 3)
	connect := connector(t, cluster.URL(impatient...))
	made := make(chan struct{}, 100)
	store := openWith(t, func() (*esdb.Client, error) {
		made <- struct{}{}
		return connect()
	}, keyring.NewMemory(), storetest.Events, patient)
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	for _, m := range cluster.Members {
		m.Kill()
	}
	done := make(chan error, 1)
	go func() {
		_, _, err := store.Append(t.Context(), "notes-1", 0, draft("text"))
		done <- err
	}()
	for range 4 { // clients die, one after the other
		<-made
	}
	for _, m := range cluster.Members {
		m.Heal()
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	mustLoad(t, store, "notes-1", 2)
}

func TestSeveralHostsToDiscoverByAreSeeds(t *testing.T) {
	cluster := clustertest.Start(t, 2)
	url := "esdb+discover" + cluster.URL()[len("esdb"):]
	store := openWith(t, connector(t, url), keyring.NewMemory(), storetest.Events, esdbstore.Options{})
	mustAppend(t, store, "notes-1", eventstore.NoStream)
}
