package node_test

import (
	"errors"
	"io"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// actions are everything that can be done with a stream.
var actions = map[string]func(s *secured, credentials, stream string) error{
	"read":      func(s *secured, c, stream string) error { return s.read(c, readStream(stream)) },
	"subscribe": func(s *secured, c, stream string) error { return s.begin(c, readStream(stream)) },
	"append":    func(s *secured, c, stream string) error { return s.write(c, stream, "t", "{}") },
	"batch":     (*secured).writeBatch,
	"delete":    (*secured).delete,
	"tombstone": func(s *secured, c, stream string) error {
		_, err := s.streams.Tombstone(s.as(c), &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
			StreamIdentifier: named(stream), ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}},
		}})
		return err
	},
	"read metadata":   func(s *secured, c, stream string) error { return s.read(c, readStream("$$"+stream)) },
	"write metadata":  func(s *secured, c, stream string) error { return s.write(c, "$$"+stream, "$metadata", `{"n":1}`) },
	"delete metadata": func(s *secured, c, stream string) error { return s.delete(c, "$$"+stream) },
}

func (s *secured) delete(credentials, stream string) error {
	_, err := s.streams.Delete(s.as(credentials), &streams.DeleteReq{Options: &streams.DeleteReq_Options{
		StreamIdentifier: named(stream), ExpectedStreamRevision: &streams.DeleteReq_Options_Any{Any: &shared.Empty{}},
	}})
	return err
}

// writeBatch appends through BatchAppend and returns the refusal inside the call as an error.
func (s *secured) writeBatch(credentials, stream string) error {
	call, err := s.streams.BatchAppend(s.as(credentials))
	if err != nil {
		return err
	}
	message := more(uuid.New(), true, []byte("{}"))
	message.Options = &streams.BatchAppendReq_Options{
		StreamIdentifier:       named(stream),
		ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{Any: &emptypb.Empty{}},
	}
	if err := call.Send(message); err != nil && !errors.Is(err, io.EOF) { // of a refused call the answer tells why
		return err
	}
	if err := call.CloseSend(); err != nil {
		return err
	}
	answer, err := call.Recv()
	if err != nil {
		return err
	}
	return status.ErrorProto(answer.GetError())
}

const (
	yes = codes.OK
	no  = codes.PermissionDenied
	out = codes.Unauthenticated
)

// TestAccess holds what every kind of caller may do with every kind of stream.
func TestAccess(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada", "writers")
	s.createUser("boss", "$admins")
	s.createUser("gone", "$admins")
	s.disable("gone")
	callers := []string{"", "ada:pass", "ops:changeit", admin, "boss:pass", "gone:pass", "ada:wrong", "nobody:pass"}
	// who is answered how, in the order of callers
	all := []codes.Code{no, yes, yes, yes, yes, out, out, out}
	adminsOnly := []codes.Code{no, no, no, yes, yes, out, out, out}
	nobody := []codes.Code{no, no, no, no, no, out, out, out}
	named := []codes.Code{no, yes, no, yes, yes, out, out, out}
	opsToo := []codes.Code{no, no, yes, yes, yes, out, out, out}
	onlyDelete := map[string][]codes.Code{"delete metadata": nobody}
	with := func(base []codes.Code, other map[string][]codes.Code) func(string) []codes.Code {
		return func(action string) []codes.Code {
			switch want := other[action]; {
			case want != nil:
				return want
			case onlyDelete[action] != nil:
				return onlyDelete[action]
			}
			return base
		}
	}
	for kind, c := range map[string]struct {
		stream string
		acl    string
		want   func(action string) []codes.Code
	}{
		"user stream":   {stream: "plain-", want: with(all, nil)},
		"system stream": {stream: "$plain-", want: with(adminsOnly, nil)},
		"list by user": {
			stream: "listed-", acl: `{"$acl":{"$r":["ada"],"$w":"ada","$d":["ada","x"],"$mr":["ada"],"$mw":["ada"]}}`, want: with(named, nil),
		},
		"list by group": {
			stream: "grouped-", acl: `{"$acl":{"$r":["writers"],"$w":"writers","$d":"writers","$mr":"writers","$mw":"writers"}}`,
			want: with(named, nil),
		},
		"system stream opened": {
			stream: "$opened-", acl: `{"$acl":{"$r":["$ops"],"$w":"$all"}}`, want: with(adminsOnly, map[string][]codes.Code{
				"read": opsToo, "subscribe": opsToo, "append": all, "batch": all,
			}),
		},
		"nobody may delete": {
			stream: "kept-", acl: `{"$acl":{"$d":[]}}`,
			want: with(all, map[string][]codes.Code{"delete": adminsOnly, "tombstone": adminsOnly}),
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for action, do := range actions {
				for i, caller := range callers {
					stream := c.stream + uuid.NewString()
					if c.acl != "" {
						s.mustWrite(admin, "$$"+stream, "$metadata", c.acl)
					}
					s.mustWrite(admin, stream, "t", "{}")
					if err := do(s, caller, stream); status.Code(err) != c.want(action)[i] {
						t.Errorf("%s by %q: %v, want %v", action, caller, err, c.want(action)[i])
					}
				}
			}
		})
	}
	t.Run("$all", func(t *testing.T) {
		t.Parallel()
		for action, want := range map[string][]codes.Code{
			"append": nobody, "batch": nobody, "delete": nobody, "tombstone": nobody,
			"read metadata": adminsOnly, "delete metadata": nobody,
		} {
			for i, caller := range callers {
				if err := actions[action](s, caller, "$all"); status.Code(err) != want[i] {
					t.Errorf("%s by %q: %v, want %v", action, caller, err, want[i])
				}
			}
		}
		for i, caller := range callers {
			if err := s.read(caller, readAll(10)); status.Code(err) != adminsOnly[i] {
				t.Errorf("read by %q: %v, want %v", caller, err, adminsOnly[i])
			}
			if err := s.begin(caller, readAll(0)); status.Code(err) != adminsOnly[i] {
				t.Errorf("subscribe by %q: %v, want %v", caller, err, adminsOnly[i])
			}
		}
	})
}

// TestAccessListsAreNeverStale changes what a stream, and what all streams, permit, and asks at once.
func TestAccessListsAreNeverStale(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada")
	s.mustWrite(admin, "s", "t", "{}")
	for range 20 {
		s.mustWrite(admin, "$$s", "$metadata", `{"$acl":{"$r":"$admins"}}`)
		wantCode(t, "read after it was forbidden", s.read("ada:pass", readStream("s")), no)
		s.mustWrite(admin, "$$s", "$metadata", `{}`)
		wantCode(t, "read after it was allowed", s.read("ada:pass", readStream("s")), yes)
		s.mustWrite(admin, "$settings", "settings", `{"$userStreamAcl":{"$r":["$admins"]}}`)
		wantCode(t, "read after all reads were forbidden", s.read("ada:pass", readStream("s")), no)
		s.mustWrite(admin, "$settings", "settings", `{}`)
		wantCode(t, "read after all reads were allowed", s.read("ada:pass", readStream("s")), yes)
	}
	s.mustWrite(admin, "$$s", "$metadata", `{"$acl":{"$r":"$admins"}}`)
	wantCode(t, "delete", s.delete(admin, "s"), yes)
	wantCode(t, "read after a deletion replaced the metadata", s.read("ada:pass", readStream("s")), yes)
}

// TestAccessEndsWhileACallGoesOn takes from callers with open calls what they may do.
func TestAccessEndsWhileACallGoesOn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*secured) error{
		"disabled":         func(s *secured) error { s.disable("ada"); return nil },
		"another password": func(s *secured) error { return s.reset(admin, "ada", "next") },
		"access list": func(s *secured) error {
			return errors.Join(s.write(admin, "$$s", "$metadata", `{"$acl":{"$r":"$admins","$w":"$admins"}}`),
				s.write(admin, "$$$all", "$metadata", `{}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSecured(t)
			s.createUser("ada")
			s.mustWrite(admin, "$$$all", "$metadata", `{"$acl":{"$r":"ada"}}`)
			s.mustWrite(admin, "s", "t", "{}")
			batches, err := s.streams.BatchAppend(s.as("ada:pass"))
			if err != nil {
				t.Fatal(err)
			}
			sendBatch(t, batches, newStream(uuid.New(), "s2", 1))
			if answer, err := batches.Recv(); err != nil || answer.GetSuccess() == nil {
				t.Fatalf("batch: %v %v", answer, err)
			}
			var calls []streams.Streams_ReadClient
			for _, options := range []*streams.ReadReq_Options{readStream("s"), subscribeAll()} {
				call, err := s.streams.Read(s.as("ada:pass"), &streams.ReadReq{Options: subscribed(options)})
				if err != nil {
					t.Fatal(err)
				}
				awaitCaughtUp(t, call)
				calls = append(calls, call)
			}
			if err := end(s); err != nil {
				t.Fatal(err)
			}
			s.mustWrite(admin, "s", "t", `"secret"`)
			for i, call := range calls {
				for err = nil; err == nil; {
					var answer *streams.ReadResp
					if answer, err = call.Recv(); string(answer.GetEvent().GetEvent().GetData()) == `"secret"` {
						t.Fatalf("call %d got the event", i)
					}
				}
				wantCode(t, "subscription", err, no)
			}
			message := newStream(uuid.New(), "s", 1)
			sendBatch(t, batches, message)
			if answer, err := batches.Recv(); err != nil || codes.Code(answer.GetError().GetCode()) != no {
				t.Errorf("batch: %v %v", answer, err)
			}
		})
	}
}

// TestLinksOpenNothing reads links to a stream that the caller may not read.
func TestLinksOpenNothing(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada")
	s.mustWrite("ada:pass", "links", "$>", "0@$user-admin")
	options := readStream("links")
	options.ResolveLinks = true
	for caller, readable := range map[string]bool{"ada:pass": false, admin: true} {
		call, err := s.streams.Read(s.as(caller), &streams.ReadReq{Options: options})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := call.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if answer.GetEvent().GetLink() == nil || (answer.GetEvent().GetEvent() != nil) != readable {
			t.Errorf("%s reads %v", caller, answer)
		}
	}
}
