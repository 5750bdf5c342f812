package storeaccess_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/storeaccess"
)

func connect(t *testing.T, address string) *esdb.Client {
	t.Helper()
	settings, err := esdb.ParseConnectionString("esdb://localhost?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	settings.Address, settings.Logger = address, esdb.NoopLogging()
	client, err := esdb.NewClient(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

var accounts = storeaccess.Accounts{Service: "svc", Auditors: []string{"aud"}}

func secure(t *testing.T, client *esdb.Client, accounts storeaccess.Accounts) []storeaccess.Document {
	t.Helper()
	documents, err := storeaccess.Plan(t.Context(), client, accounts)
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range documents {
		if err := storeaccess.Apply(t.Context(), client, document); err != nil {
			t.Fatal(err)
		}
	}
	return documents
}

// last is a stream's last event, and at which revision it is.
func last(t *testing.T, client *esdb.Client, stream string) *esdb.RecordedEvent {
	t.Helper()
	read, err := client.ReadStream(t.Context(), stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	resolved, err := read.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return resolved.Event
}

func compact(text string) string {
	return strings.NewReplacer(" ", "", "\n", "").Replace(text)
}

func TestTheRulesAreWrittenOnce(t *testing.T) {
	client := connect(t, nodetest.Start(t).Address)
	for try, changes := range []bool{true, false} {
		for _, document := range secure(t, client, accounts) {
			if document.Changes() != changes {
				t.Errorf("try %d: %s: %q, then %q", try, document.Stream, document.Before, document.After)
			}
		}
	}
	settings, all := last(t, client, "$settings"), last(t, client, "$$$all")
	if settings.EventType != "settings" || settings.EventNumber != 0 || settings.ContentType != "application/json" || compact(string(settings.Data)) !=
		`{"$systemStreamAcl":{"$d":["$admins"],"$mr":["$admins"],"$mw":["$admins"],"$r":["$admins"],"$w":["$admins"]},`+
			`"$userStreamAcl":{"$d":["$admins"],"$mr":["$admins"],"$mw":["$admins"],"$r":["svc","aud","$admins"],"$w":["svc","$admins"]}}` {
		t.Errorf("settings: %s@%d %s", settings.EventType, settings.EventNumber, settings.Data)
	}
	if all.EventType != "$metadata" || all.EventNumber != 0 || compact(string(all.Data)) != `{"$acl":{"$r":["svc","aud"]}}` {
		t.Errorf("$all: %s@%d %s", all.EventType, all.EventNumber, all.Data)
	}
}

func TestWhatIsThereStaysUnlessItAllowsMore(t *testing.T) {
	client := connect(t, nodetest.Start(t).Address)
	for stream, text := range map[string]string{
		"$settings": `{"other":{"kept":1},"$userStreamAcl":{"$r":"old","$w":["$all","aud","writer"],"$d":["svc","ops"],"$x":["y"]}}`,
		"$$$all":    `{"$maxAge":3600,"$acl":{"$r":"reader","$w":"ops"}}`,
	} {
		_, err := client.AppendToStream(t.Context(), stream, esdb.AppendToStreamOptions{}, esdb.EventData{
			EventID: uuid.New(), EventType: "settings", ContentType: esdb.ContentTypeJson, Data: []byte(text),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	secure(t, client, accounts)
	secure(t, client, storeaccess.Accounts{Service: "svc", Auditors: []string{"aud2"}})
	settings, all := last(t, client, "$settings"), last(t, client, "$$$all")
	if got := compact(string(settings.Data)); settings.EventNumber != 2 || !strings.Contains(got, `"$userStreamAcl":{"$d":["ops","$admins"],"$mr":["$admins"],"$mw":["$admins"],`+
		`"$r":["old","svc","aud","$admins","aud2"],"$w":["writer","svc","$admins"],"$x":["y"]},"other":{"kept":1}}`) {
		t.Errorf("settings@%d: %s", settings.EventNumber, got)
	}
	if got := compact(string(all.Data)); got != `{"$acl":{"$r":["reader","svc","aud","aud2"],"$w":"ops"},"$maxAge":3600}` {
		t.Errorf("$all: %s", got)
	}
}

func TestAChangeInBetweenIsNotOverwritten(t *testing.T) {
	client := connect(t, nodetest.Start(t).Address)
	documents, err := storeaccess.Plan(t.Context(), client, accounts)
	if err != nil {
		t.Fatal(err)
	}
	secure(t, client, storeaccess.Accounts{Service: "other"})
	for _, document := range documents {
		var fault *esdb.Error
		if err := storeaccess.Apply(t.Context(), client, document); !errors.As(err, &fault) || !fault.IsErrorCode(esdb.ErrorCodeWrongExpectedVersion) {
			t.Errorf("%s: %v", document.Stream, err)
		}
	}
}

// An open store lets everybody do everything, and asking leaves nothing behind.
func TestAnOpenStoreAllowsAll(t *testing.T) {
	client := connect(t, nodetest.Start(t).Address)
	before := head(t, client)
	rights, err := storeaccess.Probe(t.Context(), client)
	if err != nil || rights != (storeaccess.Rights{Delete: true, Truncate: true}) {
		t.Errorf("%+v, %v", rights, err)
	}
	if after := head(t, client); after != before {
		t.Errorf("the log went from %v to %v", before, after)
	}
}

func head(t *testing.T, client *esdb.Client) esdb.Position {
	t.Helper()
	read, err := client.ReadAll(t.Context(), esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	resolved, err := read.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return resolved.Event.Position
}

// refusing is a store that answers as a secured one does.
type refusing struct {
	streams.UnimplementedStreamsServer
	reads error
}

func denied(ctx context.Context) error {
	_ = grpc.SetTrailer(ctx, metadata.Pairs("exception", "access-denied"))
	return status.Error(codes.PermissionDenied, "Access Denied")
}

func (r *refusing) Read(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
	if status.Code(r.reads) == codes.PermissionDenied {
		return denied(call.Context())
	}
	return r.reads
}

func (r *refusing) Append(call streams.Streams_AppendServer) error { return denied(call.Context()) }

func (r *refusing) Delete(ctx context.Context, _ *streams.DeleteReq) (*streams.DeleteResp, error) {
	return nil, denied(ctx)
}

func serve(t *testing.T, fake *refusing) *esdb.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	streams.RegisterStreamsServer(server, fake)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return connect(t, "unix://"+path)
}

func TestASecuredStoreTellsWhatAnAccountMay(t *testing.T) {
	for name, c := range map[string]struct {
		reads error
		want  error
	}{
		"append-only":      {nil, nil},
		"no right to read": {status.Error(codes.PermissionDenied, ""), storeaccess.ErrMayNotRead},
		"wrong password":   {status.Error(codes.Unauthenticated, "Unauthenticated"), storeaccess.ErrNotAdmitted},
	} {
		t.Run(name, func(t *testing.T) {
			rights, err := storeaccess.Probe(t.Context(), serve(t, &refusing{reads: c.reads}))
			if !errors.Is(err, c.want) || rights != (storeaccess.Rights{}) {
				t.Errorf("%+v, %v", rights, err)
			}
		})
	}
}
