package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	amhttp "am-user-management/http"
)

// TestAStoreThatIsWaitedForIsToldOfNowAndThen: at once, and not so often that it hides what else there is to read.
func TestAStoreThatIsWaitedForIsToldOfNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		log := slog.New(slog.NewTextHandler(&said, nil))
		starting, err := amhttp.NewStarting(log, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		tries := 0
		began := time.Now()
		err = patience{log: log, starting: starting}.wait(t.Context(), "the store", func(context.Context) error {
			if tries++; tries == 2 && strings.Count(said.String(), "waiting for the store") != 1 {
				t.Errorf("after the first try it has said %q", said.String())
			}
			return errors.New("nobody there")
		})
		if err == nil || err.Error() != "the store did not answer in time: nobody there" || time.Since(began) != startTries {
			t.Errorf("after %v the error is %v", time.Since(began), err)
		}
		if lines := strings.Count(said.String(), "waiting for the store"); tries < 30 || lines > int(startTries/tellPause)+1 {
			t.Errorf("%d tries are told in %d lines", tries, lines)
		}
		if !strings.Contains(said.String(), `error="nobody there" tries=1 waited=0s`) {
			t.Errorf("it says %s", said.String())
		}
	})
}
