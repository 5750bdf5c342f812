package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"am-user-management/internal/config"
)

// healthTime bounds the question to the service.
const healthTime = 2 * time.Second

// probe asks the service of this machine how it is: whether it is alive or, with --ready, whether requests should be
// sent to it. It stands in for curl where there is nothing but this program.
func probe(ctx context.Context, args []string, process config.Process, stderr io.Writer) error {
	flags := flag.NewFlagSet("userd health", flag.ContinueOnError)
	ready := flags.Bool("ready", false, "whether to send requests to it, and not only whether it is alive")
	if err := parse(flags, args, stderr); err != nil {
		return err
	}
	path := "/healthz"
	if *ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(process.InternalAddr)+path, nil)
	if err != nil {
		return fmt.Errorf("INTERNAL_ADDR: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10)) // what there is of it helps
		return fmt.Errorf("%s: %s", response.Status, text)
	}
	return nil
}

// reachable is the address at which a listener of this machine is reached: one that listens everywhere listens here. It
// needs no names, which an empty container may not have.
func reachable(listener string) string {
	host, port, err := net.SplitHostPort(listener)
	switch {
	case err != nil:
		return listener
	case host == "" || net.ParseIP(host).Equal(net.IPv4zero):
		return net.JoinHostPort("127.0.0.1", port)
	case net.ParseIP(host).Equal(net.IPv6zero):
		return net.JoinHostPort("::1", port)
	}
	return listener
}
