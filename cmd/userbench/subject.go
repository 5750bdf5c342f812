package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
)

// sideCommand is the subcommand by which this program runs one side of a comparison in a child process, so that both
// sides have a heap, a collector and processor times of their own.
const sideCommand = "side"

// settings are what a side in a child process is told.
type settings struct {
	Dir      string `json:"dir"` // to keep its data in; the parent removes it
	Postgres string `json:"postgres,omitempty"`
	Users    int    `json:"users,omitempty"`
	Events   int    `json:"events,omitempty"`
	Bytes    int    `json:"bytes,omitempty"`   // of a message
	Profile  string `json:"profile,omitempty"` // a folder for CPU profiles
}

// subject is one side of a comparison. It has an address to be called at, or works by itself.
type subject struct {
	address string
	work    func(ctx context.Context, l load) (sample, error)
	close   func() error
}

// opener starts a subject.
type opener func(ctx context.Context, s settings) (*subject, error)

// subjects are the sides that run in child processes, by name.
func subjects() map[string]opener {
	return map[string]opener{
		"echo-read":       openEchoRead,
		"echo-page":       openEchoPage,
		"echo-command":    openEchoCommand,
		"argon2id":        openArgon2id,
		"node-append":     openNodeAppend,
		"bare-append":     openBareAppend,
		"store-append":    openStoreAppend,
		"pebble-append":   openPebbleAppend,
		"fdatasync":       openSync,
		"bare-stream":     openBareStream,
		"feed-catch-up":   openFeedCatchUp,
		"bare-catch-up":   openBareCatchUp,
		"feed-visibility": openFeedVisibility,
		"bare-visibility": openBareVisibility,
	}
}

// answer is a line from child to parent: the address first, then a sample per load.
type answer struct {
	Address string `json:"address,omitempty"`
	Sample  sample `json:"sample,omitzero"`
	Error   string `json:"error,omitempty"`
}

// runSubject is the child: it works off the loads on its standard input until that ends, as it does when the parent
// is gone. The parent decides about interrupts.
func runSubject(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) (err error) {
	signal.Ignore(os.Interrupt)
	if len(args) != 2 || subjects()[args[0]] == nil {
		return errors.New("no such side")
	}
	var s settings
	if err := json.Unmarshal([]byte(args[1]), &s); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	loads := make(chan load)
	go func() {
		defer cancel()
		defer close(loads)
		for decoder := json.NewDecoder(stdin); ; {
			var l load
			if decoder.Decode(&l) != nil { // the parent closed it
				return
			}
			loads <- l
		}
	}()
	side, err := subjects()[args[0]](ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, side.close()) }()
	stop, err := startProfile(s.Profile, args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	answers := json.NewEncoder(stdout)
	if err := answers.Encode(answer{Address: side.address}); err != nil {
		return err
	}
	for l := range loads {
		var a answer
		if a.Sample, err = side.work(ctx, l); err != nil {
			a.Error = err.Error()
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// startProfile profiles until stop is called; nothing if no folder is named.
func startProfile(folder, name string) (stop func() error, err error) {
	if folder == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // profiles are no secret
		return nil, err
	}
	file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%s-%d.pprof", name, os.Getpid())))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { pprof.StopCPUProfile(); return file.Close() }, nil
}
