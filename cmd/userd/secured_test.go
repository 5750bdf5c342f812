package main_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/storeaccess"
)

const nodePassword = "a password of the node"

// securedNode runs `userd node` with a certificate and a password from a file, and returns the certificate's file.
func securedNode(t *testing.T, w *world, more ...string) (node *process, certificate string) {
	t.Helper()
	certificate, key := nodetest.Certificate(t)
	secret := filepath.Join(w.dir, "node_password")
	if err := os.WriteFile(secret, []byte(nodePassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "EVENTSTORE_DEFAULT_ADMIN_PASSWORD_FILE="+secret)
	args := []string{"node", "--listen", "127.0.0.1:0", "--data", w.dir + "/node", "--tls-cert", certificate, "--tls-key", key}
	node, err := w.launch(append(args, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.kill)
	return node, certificate
}

// TestServiceWithoutRightsToChangeHistory runs the service against a node with users, under an account that can append and
// read but delete, truncate and administer nothing.
func TestServiceWithoutRightsToChangeHistory(t *testing.T) {
	w := newWorld(t)
	node, certificate := securedNode(t, w)
	at := func(user, password string) string {
		return "esdb://" + user + ":" + strings.ReplaceAll(password, " ", "%20") + "@" + node.ready["eventstore"] + "?tls=true&tlsCaFile=" + certificate
	}
	w.env = append(w.env, "STORE="+at("admin", nodePassword))
	for _, password := range []string{"one password", "a password of its own"} { // the second replaces the first
		w.env = append(w.env, "ACCOUNT_PASSWORD="+password)
		for _, name := range []string{"svc", "aud"} {
			w.mustUserctl("store", "account", "--url", "env:STORE", "--name", name)
		}
	}
	w.mustUserctl("store", "secure", "--url", "env:STORE", "--service", "svc", "--auditor", "aud")
	service, auditor := at("svc", "a password of its own"), at("aud", "a password of its own")
	expectRights(t, service, storeaccess.Rights{})
	expectRights(t, auditor, storeaccess.Rights{})
	_, err := connectTo(t, auditor).AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{},
		esdb.EventData{EventID: uuid.New(), EventType: "t"})
	var fault *esdb.Error
	if !errors.As(err, &fault) || fault.Code() != esdb.ErrorCodeAccessDenied {
		t.Errorf("an auditor's append ends with %v", err)
	}
	w.env = append(w.env, "EVENTSTORE_URL="+service,
		"PUBLIC_URL=http://localhost:8080", "MAIL_FROM=no-reply@example.org")
	p, err := w.launch("serve")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	ada := w.signUp(p, "ada@example.org")
	p.must(t, 200, "GET", "/users/me", "", ada.auth()...)
	for _, p := range []*process{p, node} {
		if err := p.stop(t); err != nil {
			t.Errorf("SIGTERM: %v: %s", err, p.errors)
		}
	}
}

// expectRights asks the store what an account may.
func expectRights(t *testing.T, connection string, want storeaccess.Rights) {
	t.Helper()
	if rights, err := storeaccess.Probe(t.Context(), connectTo(t, connection)); err != nil || rights != want {
		t.Errorf("the rights are %+v (%v), want %+v", rights, err, want)
	}
}

func connectTo(t *testing.T, connection string) *esdb.Client {
	t.Helper()
	configuration, err := esdb.ParseConnectionString(connection)
	if err != nil {
		t.Fatal(err)
	}
	configuration.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(configuration)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// TestNodeRefusesToStartHalfSecured: no half of TLS, no known or missing password, no readable key.
func TestNodeRefusesToStartHalfSecured(t *testing.T) {
	certificate, key := nodetest.Certificate(t)
	_, foreign := nodetest.Certificate(t)
	_, exposed := nodetest.Certificate(t)
	if err := os.Chmod(exposed, 0o644); err != nil {
		t.Fatal(err)
	}
	const good = "EVENTSTORE_DEFAULT_ADMIN_PASSWORD=" + nodePassword
	for name, c := range map[string]struct {
		setting string
		args    []string
		says    string
	}{
		"no key":         {good, []string{"--tls-cert", certificate}, "belong together"},
		"no certificate": {good, []string{"--tls-key", key}, "belong together"},
		"missing file":   {good, []string{"--tls-cert", "/nowhere", "--tls-key", key}, "/nowhere"},
		"foreign key":    {good, []string{"--tls-cert", certificate, "--tls-key", foreign}, "does not match"},
		"exposed key":    {good, []string{"--tls-cert", certificate, "--tls-key", exposed}, "chmod 600"},
		"no password":    {"", []string{"--tls-cert", certificate, "--tls-key", key}, "set EVENTSTORE_DEFAULT_ADMIN_PASSWORD"},
		"known password": {"EVENTSTORE_DEFAULT_ADMIN_PASSWORD=changeit", []string{"--tls-cert", certificate, "--tls-key", key}, "everybody knows"},
		"short password": {"EVENTSTORE_DEFAULT_OPS_PASSWORD=short", []string{"--tls-cert", certificate, "--tls-key", key}, "12 characters"},
		"reset, no TLS":  {good, []string{"--reset-passwords"}, "--tls-cert"},
		"reset, nothing": {"", []string{"--reset-passwords", "--tls-cert", certificate, "--tls-key", key}, "needs EVENTSTORE_DEFAULT_ADMIN_PASSWORD"},
	} {
		w := newWorldAlone(t, c.setting)
		node, err := w.launch(append([]string{"node", "--listen", "127.0.0.1:0", "--data", w.dir + "/node"}, c.args...)...)
		if err == nil {
			node.kill()
			t.Errorf("%s: it started", name)
			continue
		}
		if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), nodePassword) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNodeWarnsOfAnOpenDoor listens in clear text where others can reach it.
func TestNodeWarnsOfAnOpenDoor(t *testing.T) {
	for address, warns := range map[string]bool{"127.0.0.1:0": false, "0.0.0.0:0": true} {
		w := newWorldAlone(t)
		node, err := w.launch("node", "--listen", address, "--data", w.dir+"/node")
		if err != nil {
			t.Fatal(err)
		}
		if err := node.stop(t); err != nil {
			t.Error(err)
		}
		if warned := strings.Contains(node.errors.String(), "clear text"); warned != warns {
			t.Errorf("%s: warned %v: %s", address, warned, node.errors)
		}
	}
}

// TestLostPassword takes a new password for admin from the settings.
func TestLostPassword(t *testing.T) {
	w := newWorldAlone(t)
	node, certificate := securedNode(t, w)
	if err := node.stop(t); err != nil {
		t.Fatal(err)
	}
	const next = "another_password"
	if err := os.WriteFile(filepath.Join(w.dir, "node_password"), []byte(next), 0o600); err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSuffix(certificate, ".crt") + ".key"
	args := []string{"node", "--listen", "127.0.0.1:0", "--data", w.dir + "/node", "--tls-cert", certificate, "--tls-key", key}
	for _, c := range []struct {
		more []string
		code esdb.ErrorCode
	}{{nil, esdb.ErrorCodeUnauthenticated}, {[]string{"--reset-passwords"}, -1}} {
		node, err := w.launch(append(args, c.more...)...)
		if err != nil {
			t.Fatal(err)
		}
		client := connectTo(t, "esdb://admin:"+next+"@"+node.ready["eventstore"]+"?tlsCaFile="+certificate)
		_, err = client.AppendToStream(context.Background(), "s", esdb.AppendToStreamOptions{})
		var fault *esdb.Error
		if c.code < 0 && err != nil || c.code >= 0 && (!errors.As(err, &fault) || fault.Code() != c.code) {
			t.Errorf("%v: %v", c.more, err)
		}
		if err := node.stop(t); err != nil {
			t.Error(err)
		}
	}
}
