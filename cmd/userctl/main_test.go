package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/node/store"
	"am-user-management/internal/postgres"
)

func userctl(t *testing.T, env map[string]string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, func(name string) string { return env[name] }, &out, &errs)
	return out.String(), errs.String(), err
}

func TestCommandLines(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string // in the error
	}{
		"nothing":               {nil, "unknown command"},
		"half a command":        {[]string{"log"}, "unknown command"},
		"another":               {[]string{"log", "eat"}, "unknown command"},
		"a flag missing":        {[]string{"log", "copy", "--from", "esdb://a"}, "needs --to"},
		"an argument":           {[]string{"log", "compare", "--from", "esdb://a", "--to", "esdb://b", "c"}, `no argument "c"`},
		"no store":              {[]string{"log", "copy", "--from", "http://a", "--to", "esdb://b"}, "--from"},
		"no database":           {[]string{"backup", "--to", t.TempDir()}, "EVENTSTORE_URL is not set"},
		"no word on the erased": {[]string{"restore", "--from", "x"}, "needs --erased"},
		"no variable":           {[]string{"log", "copy", "--from", "env:NOPE", "--to", "esdb://b"}, "the environment variable NOPE is not set"},
		"no variable of a flag": {[]string{"store", "secure", "--url", "env:NOPE", "--service", "svc"}, "the environment variable NOPE is not set"},
		"no store with rules":   {[]string{"store", "secure", "--url", "folder:/x", "--service", "svc"}, "needs the esdb:// connection string"},
		"an administrator":      {[]string{"store", "secure", "--url", "esdb://a", "--service", "svc", "--auditor", "ops"}, "administrators"},
		"the administrator":     {[]string{"store", "secure", "--url", "esdb://a", "--service", "admin"}, "administrators"},
		"a group":               {[]string{"store", "secure", "--url", "esdb://a", "--service", "$admins"}, "no account's name"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := userctl(t, nil, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	if out, _, err := userctl(t, nil, "help"); err != nil || !strings.Contains(out, "log copy") {
		t.Errorf("%q, %v", out, err)
	}
	if _, said, _ := userctl(t, nil, "log", "copy", "--help"); !strings.Contains(said, "$persistentsubscription-") || !strings.Contains(said, "--fill-gaps") {
		t.Errorf("help says %q", said)
	}
}

func append1(t *testing.T, address, stream string) {
	t.Helper()
	client, err := esdbstore.Connect(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.AppendToStream(context.Background(), stream, esdb.AppendToStreamOptions{}, esdb.EventData{
		EventID: uuid.New(), EventType: "x", ContentType: esdb.ContentTypeJson, Data: []byte("{}"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCopyAndCompareSayWhatTheyDid(t *testing.T) {
	env := map[string]string{"A": nodetest.Start(t).Address, "B": nodetest.Start(t).Address}
	append1(t, env["A"], "a-1")
	append1(t, env["A"], "a-2")
	if out, said, err := userctl(t, env, "log", "copy", "--from", "env:A", "--to", "env:B"); err != nil ||
		!strings.Contains(out, "has 2 events: 0 were there, 2 were copied") || !strings.Contains(said, "copied 2 events in") {
		t.Errorf("%q, %q, %v", out, said, err)
	}
	if out, _, err := userctl(t, env, "log", "compare", "--from", "env:A", "--to", "env:B"); err != nil || !strings.Contains(out, "equal: events=2 placeholders=0 sha256=") {
		t.Errorf("%q, %v", out, err)
	}
	append1(t, env["B"], "b-1")
	if _, _, err := userctl(t, env, "log", "compare", "--from", "env:A", "--to", "env:B"); err == nil || !strings.Contains(err.Error(), "b-1@0") {
		t.Errorf("the error is %v", err)
	}
}

// TestOnlyTheTargetOfACopyIsMade: a source that is mistyped must not look like an empty log.
func TestOnlyTheTargetOfACopyIsMade(t *testing.T) {
	dir, running := t.TempDir(), nodetest.Start(t).Address
	missing := filepath.Join(dir, "missing")
	for _, args := range [][]string{
		{"log", "copy", "--from", "folder:" + missing, "--to", running},
		{"log", "copy", "--from", "folder:" + dir, "--to", running},
		{"log", "compare", "--from", "folder:" + missing, "--to", "folder:" + missing + "2"},
		{"log", "compare", "--from", running, "--to", "folder:" + missing},
	} {
		if _, _, err := userctl(t, nil, args...); !errors.Is(err, store.ErrNoLog) {
			t.Errorf("%v: the error is %v", args, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("there are %v, %v", entries, err)
	}
	for range 2 {
		if _, _, err := userctl(t, nil, "log", "copy", "--from", running, "--to", "folder:"+missing); err != nil {
			t.Error(err)
		}
	}
}

// TestABackupMakesNoDataFolder: a folder that is mistyped must not look like a service without users.
func TestABackupMakesNoDataFolder(t *testing.T) {
	dir := t.TempDir()
	halves := filepath.Join(dir, "halves") // a log without tables
	if _, _, err := userctl(t, nil, "log", "copy", "--from", nodetest.Start(t).Address, "--to", "folder:"+filepath.Join(halves, "eventstore")); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]error{
		filepath.Join(dir, "typo"): store.ErrNoLog, dir: store.ErrNoLog, halves: postgres.ErrNoData,
	} {
		if _, _, err := userctl(t, nil, "backup", "--to", filepath.Join(dir, "backup"), "--data", folder); !errors.Is(err, want) {
			t.Errorf("%s: the error is %v", folder, err)
		}
	}
	for folder, want := range map[string]string{dir: "halves", halves: "eventstore"} {
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 || entries[0].Name() != want {
			t.Errorf("in %s there are %v, %v", folder, entries, err)
		}
	}
}

// TestAStoreThatIsAwayIsNamedAndGivenUp: whoever mistypes an address must not sit before a silent program.
func TestAStoreThatIsAwayIsNamedAndGivenUp(t *testing.T) {
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	place := "esdb://" + listener.Addr().String()
	if err := listener.Close(); err != nil { // nobody listens there any more
		t.Fatal(err)
	}
	env := map[string]string{
		"AWAY":  strings.Replace(place, "//", "//user:secret@", 1) + "?tls=false&maxDiscoverAttempts=1000",
		"THERE": nodetest.Start(t).Address,
	}
	for _, args := range [][]string{
		{"log", "copy", "--from", "env:AWAY", "--to", "env:THERE"},
		{"log", "copy", "--from", "env:THERE", "--to", "env:AWAY"},
		{"log", "compare", "--from", "env:THERE", "--to", "env:AWAY"},
	} {
		_, said, err := userctl(t, env, append(args, "--wait", "100ms")...)
		if !strings.Contains(said, "waiting for "+place+": ") || !strings.Contains(said, "connection refused") {
			t.Errorf("%v says %q", args, said)
		}
		if err == nil || !strings.Contains(err.Error(), place+" did not answer within 100ms: ") {
			t.Errorf("%v: the error is %v", args, err)
		}
		if strings.Contains(said, "secret") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v tells the password: %s, %v", args, said, err)
		}
	}
}

// TestAStoreThatComesIsWaitedFor: stores may be started in any order.
func TestAStoreThatComesIsWaitedFor(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	env := map[string]string{"A": "unix:" + socket, "B": nodetest.Start(t).Address}
	late := nodetest.Start(t).Node()
	waits := &whenSaid{text: "waiting for unix:" + socket, then: func() {
		var lc net.ListenConfig
		listener, err := lc.Listen(t.Context(), "unix", socket)
		if err != nil {
			t.Error(err)
			return
		}
		go late.Serve(listener)
	}}
	err := run(t.Context(), []string{"log", "compare", "--from", "env:A", "--to", "env:B"},
		func(name string) string { return env[name] }, new(bytes.Buffer), waits)
	if err != nil {
		t.Error(err)
	}
	waits.once.Do(func() { t.Error("it did not say that it waits") })
}

// whenSaid does something when a text is written to it.
type whenSaid struct {
	text string
	then func()
	once sync.Once
}

func (s *whenSaid) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.text)) {
		s.once.Do(s.then)
	}
	return len(p), nil
}

func TestADryRunWritesNothing(t *testing.T) {
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go nodetest.Start(t).Node().Serve(listener)
	env := map[string]string{"A": "esdb://" + listener.Addr().String() + "?tls=false"}
	dry := []string{"store", "secure", "--url", "env:A", "--service", "svc", "--auditor", "aud", "--dry-run"}
	for range 2 {
		if out, _, err := userctl(t, env, dry...); err != nil || !strings.Contains(out, "$settings before:\n(nothing)") || !strings.Contains(out, "nothing was written") {
			t.Errorf("%q, %v", out, err)
		}
	}
	for _, want := range []string{"$settings after", "$settings: as it should be"} {
		if out, _, err := userctl(t, env, dry[:len(dry)-1]...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%q, %v", out, err)
		}
	}
}
