package node_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// listenTCP makes the node reachable as clients reach it and returns host and port.
func (s *secured) listenTCP() string {
	s.t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	served := make(chan error, 1)
	running := s.Node.Node()
	go func() { served <- running.Serve(lis) }()
	s.t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			s.t.Errorf("serve: %v", err)
		}
	})
	return lis.Addr().String()
}

// client connects as the service does: by a connection string.
func (s *secured) client(connection string) *esdb.Client {
	s.t.Helper()
	configuration, err := esdb.ParseConnectionString(connection)
	if err != nil {
		s.t.Fatal(err)
	}
	configuration.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(configuration)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := client.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return client
}

func newEvent() esdb.EventData {
	return esdb.EventData{EventID: uuid.New(), EventType: "t", ContentType: esdb.ContentTypeJson, Data: []byte(`{}`)}
}

// TestAccountsOfTheService gives the service an account that can append and read but change nothing that is written,
// and an auditor one that can only read, and goes through all that a client can do.
func TestAccountsOfTheService(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("svc")
	s.createUser("aud")
	address := s.listenTCP()
	connect := func(credentials string) *esdb.Client {
		return s.client("esdb://" + credentials + "@" + address + "?tls=true&tlsCaFile=" + s.certificate)
	}
	boss, svc, aud := connect(admin), connect("svc:pass"), connect("aud:pass")
	settings := newEvent()
	settings.EventType = "settings"
	settings.Data = []byte(`{
		"$userStreamAcl":{"$r":["svc","aud","$admins"],"$w":["svc","$admins"],"$d":["$admins"],"$mr":["$admins"],"$mw":["$admins"]},
		"$systemStreamAcl":{"$r":["$admins"],"$w":["$admins"],"$d":["$admins"],"$mr":["$admins"],"$mw":["$admins"]}}`)
	if _, err := boss.AppendToStream(t.Context(), "$settings", esdb.AppendToStreamOptions{}, settings); err != nil {
		t.Fatal(err)
	}
	all := newEvent()
	all.EventType, all.Data = "$metadata", []byte(`{"$acl":{"$r":["svc","aud"]}}`)
	if _, err := boss.AppendToStream(t.Context(), "$$$all", esdb.AppendToStreamOptions{}, all); err != nil {
		t.Fatal(err)
	}
	appended := func(client *esdb.Client, stream string) error {
		_, err := client.AppendToStream(t.Context(), stream, esdb.AppendToStreamOptions{}, newEvent())
		return err
	}
	read := func(client *esdb.Client, stream string) error {
		return drained(client.ReadStream(t.Context(), stream, esdb.ReadStreamOptions{}, 100))
	}
	for name, c := range map[string]struct {
		do       func(*esdb.Client) error
		svc, aud bool
	}{
		"append":        {func(c *esdb.Client) error { return appended(c, "s") }, true, false},
		"read":          {func(c *esdb.Client) error { return read(c, "s") }, true, true},
		"read $all":     {func(c *esdb.Client) error { return drained(c.ReadAll(t.Context(), esdb.ReadAllOptions{}, 1000)) }, true, true},
		"system read":   {func(c *esdb.Client) error { return read(c, "$user-admin") }, false, false},
		"system append": {func(c *esdb.Client) error { return appended(c, "$users") }, false, false},
		"subscribe $all": {func(c *esdb.Client) error {
			subscription, err := c.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{Filter: esdb.ExcludeSystemEventsFilter()})
			if err != nil {
				return err
			}
			return subscription.Close()
		}, true, true},
		"subscribe": {func(c *esdb.Client) error {
			subscription, err := c.SubscribeToStream(t.Context(), "s", esdb.SubscribeToStreamOptions{})
			if err != nil {
				return err
			}
			return subscription.Close()
		}, true, true},
		"delete": {func(c *esdb.Client) error {
			_, err := c.DeleteStream(t.Context(), "s", esdb.DeleteStreamOptions{})
			return err
		}, false, false},
		"tombstone": {func(c *esdb.Client) error {
			_, err := c.TombstoneStream(t.Context(), "s", esdb.TombstoneStreamOptions{})
			return err
		}, false, false},
		"truncate": {func(c *esdb.Client) error {
			var metadata esdb.StreamMetadata
			metadata.SetTruncateBefore(1)
			_, err := c.SetStreamMetadata(t.Context(), "s", esdb.AppendToStreamOptions{}, metadata)
			return err
		}, false, false},
		"open everything": {func(c *esdb.Client) error {
			opened := newEvent()
			opened.Data = []byte(`{}`)
			_, err := c.AppendToStream(t.Context(), "$settings", esdb.AppendToStreamOptions{}, opened)
			return err
		}, false, false},
		"read metadata": {func(c *esdb.Client) error {
			_, err := c.GetStreamMetadata(t.Context(), "s", esdb.ReadStreamOptions{})
			return err
		}, false, false},
	} {
		if err := appended(svc, "s"); err != nil {
			t.Fatal(err)
		}
		for who, allowed := range map[*esdb.Client]bool{svc: c.svc, aud: c.aud} {
			err := c.do(who)
			var fault *esdb.Error
			if allowed && err != nil || !allowed && (!errors.As(err, &fault) || fault.Code() != esdb.ErrorCodeAccessDenied) {
				t.Errorf("%s (by the auditor: %v): %v", name, who == aud, err)
			}
		}
	}
}

// drained reads to the end.
func drained(events *esdb.ReadStream, err error) error {
	if err != nil {
		return err
	}
	defer events.Close()
	for err == nil {
		_, err = events.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// TestClientWithoutTrustOrPassword: the client refuses a node that it does not trust, and the node one that it does not know.
func TestClientWithoutTrustOrPassword(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	address := s.listenTCP()
	for connection, want := range map[string]esdb.ErrorCode{
		"esdb://" + admin + "@" + address + "?maxDiscoverAttempts=1":                          esdb.ErrorUnavailable,
		"esdb://" + admin + "@" + address + "?tls=false&maxDiscoverAttempts=1":                esdb.ErrorUnavailable,
		"esdb://admin:wrong@" + address + "?tlsCaFile=" + s.certificate:                       esdb.ErrorCodeUnauthenticated,
		"esdb://" + address + "?tlsCaFile=" + s.certificate:                                   esdb.ErrorCodeAccessDenied,
		"esdb+discover://" + admin + "@" + address + "?maxDiscoverAttempts=1&gossipTimeout=1": esdb.ErrorUnavailable,
	} {
		_, err := s.client(connection).AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{}, newEvent())
		var fault *esdb.Error
		if !errors.As(err, &fault) || fault.Code() != want {
			t.Errorf("%s: %v, want code %d", connection, err, want)
		}
	}
}
