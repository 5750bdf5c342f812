package esdbstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/internal/eventstore/batches"
)

// patientAttempts replaces the client's ten: a client that gave up is dead, and the store may be down for minutes.
const patientAttempts = 1000

// Connector reads an address and returns a function that makes clients for it. The address is a connection string
// (esdb://…), or, for a node on this machine, the path of its socket (unix:///…). What the client has to say goes to
// the logger; nil keeps it silent. The function dials nothing yet.
func Connector(address string, logger *slog.Logger) (func() (*esdb.Client, error), error) {
	say := logTo(logger) // one for all clients: they have the same to say
	if _, err := configuration(address, say); err != nil {
		return nil, err
	}
	return func() (*esdb.Client, error) {
		settings, err := configuration(address, say)
		if err != nil {
			return nil, err
		}
		return esdb.NewClient(settings)
	}, nil
}

// Connect returns one client for an address, as in Connector.
func Connect(address string, logger *slog.Logger) (*esdb.Client, error) {
	settings, err := configuration(address, logTo(logger))
	if err != nil {
		return nil, err
	}
	return esdb.NewClient(settings)
}

// Reach makes one attempt to get an answer from the store at an address, with a client of its own. It returns nil as well
// where the store refuses what was asked: it is there.
func Reach(ctx context.Context, address string) error {
	settings, err := configuration(address, esdb.NoopLogging())
	if err != nil {
		return err
	}
	settings.MaxDiscoverAttempts = 1
	client, err := esdb.NewClient(settings)
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // always nil
	read, err := client.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	if err == nil {
		_, err = read.Recv()
		read.Close()
	}
	if errors.Is(err, io.EOF) || judge(err).final != nil {
		return nil
	}
	return err
}

// Place is what may be shown of an address: where it leads, without user, password and settings.
func Place(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme == "unix" {
		return address
	}
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
}

// Batches returns the short cut for appends to an address, as in Connector; nil where the node is yet to be found.
func Batches(address string, logger *slog.Logger) (*batches.Client, error) {
	settings, err := configuration(address, esdb.NoopLogging())
	if err != nil {
		return nil, err
	}
	return batches.New(settings, logger)
}

func configuration(address string, say esdb.LoggingFunc) (*esdb.Configuration, error) {
	text := address
	if strings.HasPrefix(address, "unix:") {
		text = "esdb://localhost:2113?tls=false"
	}
	settings, err := esdb.ParseConnectionString(text)
	if err != nil {
		return nil, fmt.Errorf("connection string: %w", err)
	}
	if text != address {
		settings.Address = address
	}
	if len(settings.GossipSeeds) > 0 {
		settings.DnsDiscover = false // with several hosts it has the official client look at an empty address
	}
	if !strings.Contains(strings.ToLower(text), "maxdiscoverattempts=") {
		settings.MaxDiscoverAttempts = patientAttempts
	}
	settings.Logger = say
	return settings, settings.Validate()
}
