package esdbstore_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/internal/eventstore/esdbstore"
)

func TestAPlaceHasNoSecrets(t *testing.T) {
	for address, want := range map[string]string{
		"esdb://user:p%40ss@a:2113,b:2113?tls=false": "esdb://a:2113,b:2113",
		"esdb+discover://user:p@ss@a/?tls=false":     "esdb+discover://a",
		"esdb://a":                                   "esdb://a",
		"unix:/run/s":                                "unix:/run/s",
		"unix:///run/s":                              "unix:///run/s",
		"folder:/data":                               "folder:/data",
	} {
		if got := esdbstore.Place(address); got != want {
			t.Errorf("%s is shown as %s", address, got)
		}
	}
}

// TestWarningsOfTheClientAreFew: while no node answers it gives ten a second.
func TestWarningsOfTheClientAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		say := esdbstore.LogTo(slog.New(slog.NewTextHandler(&said, nil)))
		for range 100 {
			say(esdb.LogWarn, "candidate %s", "a")
			time.Sleep(100 * time.Millisecond) // of the bubble's time
			synctest.Wait()
		}
		if lines := strings.Count(said.String(), `detail="candidate a"`); lines != 2 || !strings.Contains(said.String(), "left_out_before=") {
			t.Errorf("of 100 warnings in ten seconds %d are told: %s", lines, said.String())
		}
		say(esdb.LogError, "closed")
		if !strings.Contains(said.String(), "detail=closed") {
			t.Error("an error is left out")
		}
	})
}
