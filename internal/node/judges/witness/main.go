// Command witness prints the whole log as the service's own client reads it, one JSON object per event, for the judges
// to compare with what they read.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: witness esdb://…")
		os.Exit(2)
	}
	if err := testify(context.Background(), os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "witness:", err)
		os.Exit(1)
	}
}

// statement is what is said of an event. Numbers are texts, because JavaScript's do not hold them.
type statement struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Stream   string `json:"stream"`
	Revision string `json:"revision"`
	Commit   string `json:"commit"`
	Prepare  string `json:"prepare"`
	JSON     bool   `json:"json"`
	Data     string `json:"data"` // in base64
}

func testify(ctx context.Context, url string, out io.Writer) (err error) {
	configuration, err := esdb.ParseConnectionString(url)
	if err != nil {
		return err
	}
	client, err := esdb.NewClient(configuration)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	log, err := client.ReadAll(ctx, esdb.ReadAllOptions{From: esdb.Start{}}, math.MaxInt64)
	if err != nil {
		return err
	}
	defer log.Close()
	for encoder := json.NewEncoder(out); ; {
		resolved, err := log.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		event := resolved.Event
		err = encoder.Encode(statement{
			ID: event.EventID.String(), Type: event.EventType, Stream: event.StreamID,
			Revision: strconv.FormatUint(event.EventNumber, 10),
			Commit:   strconv.FormatUint(event.Position.Commit, 10), Prepare: strconv.FormatUint(event.Position.Prepare, 10),
			JSON: event.ContentType == "application/json", Data: base64.StdEncoding.EncodeToString(event.Data),
		})
		if err != nil {
			return err
		}
	}
}
