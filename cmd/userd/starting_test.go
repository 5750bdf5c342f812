package main_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestAServiceThatWaitsForItsStoresIsAlive: whoever watches it must neither restart it nor send requests to it, and learns
// what it waits for.
func TestAServiceThatWaitsForItsStoresIsAlive(t *testing.T) {
	for waitsFor, missing := range map[string]func(w *world){
		"the event store": func(w *world) {},
		"Postgres":        func(w *world) { w.env = append(w.env, "DATABASE_URL=postgres:///users?host="+w.dir) },
	} {
		t.Run(waitsFor, func(t *testing.T) {
			w := newWorld(t)
			public, internal := freeAddress(t), freeAddress(t)
			socket := filepath.Join(w.dir, "s")
			w.env = append(w.env, "HTTP_ADDR="+public, "INTERNAL_ADDR="+internal, "PUBLIC_URL=http://localhost:8080",
				"MAIL_FROM=no-reply@example.org", "EVENTSTORE_URL=unix://"+socket)
			complete := w.env
			missing(w)
			waiting, err := w.begin("serve")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(waiting.kill)
			eventually(t, "it listens", func() bool { return asked(public, "/") != "" && asked(internal, "/healthz") != "" })
			if got := asked(internal, "/healthz"); !strings.HasPrefix(got, "200 ") {
				t.Errorf("alive: %s", got)
			}
			eventually(t, "it says what it waits for", func() bool {
				got := asked(internal, "/readyz")
				return strings.HasPrefix(got, "503 ") && strings.Contains(got, `{"name":"`+waitsFor+`","fault":"is waited for: `)
			})
			for address, path := range map[string]string{public: "/profile", internal: "/metrics"} {
				if got := asked(address, path); !strings.HasPrefix(got, "503 application/problem+json") || !strings.Contains(got, "/problems/request.unavailable") {
					t.Errorf("%s: %s", path, got)
				}
			}
			if said := waiting.errors.String(); strings.Count(said, "waiting for "+waitsFor) != 1 || strings.Contains(said, "event store client") {
				t.Errorf("at first it says %s", said)
			}
			w.env = complete
			if waitsFor != "the event store" {
				if err := waiting.stop(t); err != nil {
					t.Errorf("told to stop while it waits, it ends with %v: %s", err, waiting.errors)
				}
				return
			}
			node, err := w.launch("node", "--data", filepath.Join(w.dir, "log"), "--listen", "unix:"+socket)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(node.kill)
			eventually(t, "it is ready", func() bool { return strings.HasPrefix(asked(internal, "/readyz"), "200 ") })
			if got := asked(public, "/profile"); !strings.HasPrefix(got, "401 ") {
				t.Errorf("the service itself answers %s", got)
			}
		})
	}
}

// freeAddress is one at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// asked is status, content type and body of an answer; empty if nobody answers.
func asked(address, path string) string {
	response, err := client.Get("http://" + address + path)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %s %s", response.StatusCode, response.Header.Get("Content-Type"), body)
}
