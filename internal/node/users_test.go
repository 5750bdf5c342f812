package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node"
	"am-user-management/internal/node/access"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/node/protos/users"
	"am-user-management/internal/password"
)

// login tells whether a caller is somebody.
func (s *secured) login(credentials string) codes.Code {
	return status.Code(s.read(credentials, readStream("nothing")))
}

func (s *secured) wantLogin(credentials string, want codes.Code) {
	s.t.Helper()
	if got := s.login(credentials); got != want {
		s.t.Errorf("%q answered %v, want %v", credentials, got, want)
	}
}

func (s *secured) reset(as, name, plain string) error {
	_, err := s.users.ResetPassword(s.as(as), &users.ResetPasswordReq{Options: &users.ResetPasswordReq_Options{
		LoginName: name, NewPassword: plain,
	}})
	return err
}

func (s *secured) change(as, name, current, plain string) error {
	_, err := s.users.ChangePassword(s.as(as), &users.ChangePasswordReq{Options: &users.ChangePasswordReq_Options{
		LoginName: name, CurrentPassword: current, NewPassword: plain,
	}})
	return err
}

func (s *secured) details(as, name string) ([]*users.DetailsResp_UserDetails, error) {
	call, err := s.users.Details(s.as(as), &users.DetailsReq{Options: &users.DetailsReq_Options{LoginName: name}})
	var all []*users.DetailsResp_UserDetails
	for err == nil {
		var answer *users.DetailsResp
		if answer, err = call.Recv(); err == nil {
			all = append(all, answer.GetUserDetails())
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return all, err
}

// TestCredentialsCountAtOnce changes what a user is, and calls as that user right after each answer.
func TestCredentialsCountAtOnce(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada")
	name := &users.EnableReq{Options: &users.EnableReq_Options{LoginName: "ada"}}
	for range 3 {
		s.wantLogin("ada:pass", codes.OK)
		wantCode(t, "change", s.change("ada:pass", "ada", "pass", "next"), codes.OK)
		s.wantLogin("ada:pass", codes.Unauthenticated)
		s.wantLogin("ada:next", codes.OK)
		wantCode(t, "reset", s.reset(admin, "ada", "pass"), codes.OK)
		s.wantLogin("ada:next", codes.Unauthenticated)
		s.wantLogin("ada:pass", codes.OK)
		s.disable("ada")
		s.wantLogin("ada:pass", codes.Unauthenticated)
		if _, err := s.users.Enable(s.as(admin), name); err != nil {
			t.Fatal(err)
		}
		s.wantLogin("ada:pass", codes.OK)

		wantCode(t, "$all by no admin", s.read("ada:pass", readAll(1)), codes.PermissionDenied)
		update := &users.UpdateReq{Options: &users.UpdateReq_Options{LoginName: "ada", Groups: []string{"$admins"}, Password: "ignored"}}
		if _, err := s.users.Update(s.as(admin), update); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "$all by an admin", s.read("ada:pass", readAll(1)), codes.OK)
		update.Options.Groups = nil
		if _, err := s.users.Update(s.as(admin), update); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "$all by no admin any more", s.read("ada:pass", readAll(1)), codes.PermissionDenied)
	}
	if _, err := s.users.Delete(s.as(admin), &users.DeleteReq{Options: &users.DeleteReq_Options{LoginName: "ada"}}); err != nil {
		t.Fatal(err)
	}
	s.wantLogin("ada:pass", codes.Unauthenticated)
	s.createUser("ada")
	s.wantLogin("ada:pass", codes.OK)
	// an administrator may write what says who somebody is
	s.mustWrite(admin, "$user-ada", "$UserUpdated", `{"LoginName":"ada","Hash":"","Groups":["$admins"]}`)
	s.wantLogin("ada:pass", codes.Unauthenticated)
	s.wantLogin("ada:", codes.Unauthenticated)
}

// TestManyCallersOfOneUser: those who come at once wait for one check of the password.
func TestManyCallersOfOneUser(t *testing.T) {
	t.Parallel()
	s := startSecuredWith(t, func(options *node.Options) {
		options.Security.HashCost = password.Params{} // the real cost: the others come while it is paid
	})
	var all sync.WaitGroup
	for range 500 {
		all.Go(func() { s.wantLogin(admin, codes.OK) })
	}
	all.Wait()
}

// TestWhoMayManageUsers asks for everything as everybody.
func TestWhoMayManageUsers(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada", "writers")
	s.createUser("eve")
	target := &users.DisableReq_Options{LoginName: "nobody"}
	for _, caller := range []string{"", "ada:pass", "ops:changeit"} {
		_, create := s.users.Create(s.as(caller), &users.CreateReq{Options: &users.CreateReq_Options{LoginName: "new", Password: "x"}})
		_, update := s.users.Update(s.as(caller), &users.UpdateReq{Options: &users.UpdateReq_Options{LoginName: "ada", Groups: []string{"$admins"}}})
		_, remove := s.users.Delete(s.as(caller), &users.DeleteReq{Options: &users.DeleteReq_Options{LoginName: "eve"}})
		_, disable := s.users.Disable(s.as(caller), &users.DisableReq{Options: target})
		_, enable := s.users.Enable(s.as(caller), &users.EnableReq{Options: &users.EnableReq_Options{LoginName: "eve"}})
		_, everybody := s.details(caller, "")
		_, other := s.details(caller, "eve")
		for what, err := range map[string]error{
			"create": create, "update": update, "delete": remove, "disable": disable, "enable": enable, "all": everybody,
			"other": other, "reset": s.reset(caller, "ada", "x"), "change": s.change(caller, "eve", "pass", "x"),
		} {
			wantCode(t, what+" by "+caller, err, codes.PermissionDenied)
		}
	}
	wantCode(t, "an administrator's change for somebody else", s.change(admin, "eve", "pass", "x"), codes.PermissionDenied)
	wantCode(t, "change with a wrong password", s.change("ada:pass", "ada", "wrong", "x"), codes.PermissionDenied)
	own, err := s.details("ada:pass", "ada")
	if err != nil || len(own) != 1 || own[0].GetFullName() != "User ada" || !slices.Equal(own[0].GetGroups(), []string{"writers"}) ||
		own[0].GetDisabled() || own[0].GetLastUpdated().GetTicksSinceEpoch() == 0 {
		t.Errorf("ada sees %v (%v)", own, err)
	}
	all, err := s.details(admin, "")
	var names []string
	for _, user := range all {
		names = append(names, user.GetLoginName())
	}
	if err != nil || strings.Join(names, " ") != "ada admin eve ops" {
		t.Errorf("the administrator sees %v (%v)", names, err)
	}
}

// TestUserErrors holds how mistakes are told.
func TestUserErrors(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada")
	create := func(name, plain string) (metadata.MD, error) {
		var trailer metadata.MD
		_, err := s.users.Create(s.as(admin), &users.CreateReq{Options: &users.CreateReq_Options{LoginName: name, Password: plain}}, grpc.Trailer(&trailer))
		return trailer, err
	}
	trailer, err := create("ada", "another")
	if status.Code(err) != codes.FailedPrecondition || trailer.Get("exception")[0] != "user-conflict" || trailer.Get("login-name")[0] != "ada" {
		t.Errorf("a name that is taken: %v %v", err, trailer)
	}
	_, err = create("ada", "pass")
	wantCode(t, "the same user again", err, codes.OK)
	for name, plain := range map[string]string{"": "x", "$admins": "x", "a:b": "x", strings.Repeat("a", 256): "x", "b": "", "c": strings.Repeat("x", 1025)} {
		_, err := create(name, plain)
		wantCode(t, "create "+name, err, codes.InvalidArgument)
	}
	trailer = nil
	_, err = s.users.Disable(s.as(admin), &users.DisableReq{Options: &users.DisableReq_Options{LoginName: "nobody"}}, grpc.Trailer(&trailer))
	if status.Code(err) != codes.NotFound || trailer.Get("exception")[0] != "user-not-found" || trailer.Get("login-name")[0] != "nobody" {
		t.Errorf("a user who is not there: %v %v", err, trailer)
	}
}

// TestHeaders holds which header makes whom of a caller.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	for header, want := range map[string]codes.Code{
		"Basic YWRtaW46Y2hhbmdlaXQ=":  codes.OK, // admin:changeit
		"basic YWRtaW46Y2hhbmdlaXQ=":  codes.OK,
		"Bearer YWRtaW46Y2hhbmdlaXQ=": codes.PermissionDenied,
		"":                            codes.PermissionDenied,
		"Basic":                       codes.Unauthenticated,
		"Basic !!!":                   codes.Unauthenticated,
		"Basic YWRtaW4=":              codes.Unauthenticated, // admin
		"Basic Og==":                  codes.Unauthenticated, // :
		"Basic " + strings.Repeat("YWRtaW46", 100_000): codes.Unauthenticated,
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", header)
		wantCode(t, "header "+header[:min(len(header), 40)], readOnce(ctx, s.streams, readStream("s")), want)
	}
	ctx := metadata.AppendToOutgoingContext(s.as(admin), "authorization", "Basic YWRtaW46Y2hhbmdlaXQ=")
	wantCode(t, "two headers", readOnce(ctx, s.streams, readStream("s")), codes.Unauthenticated)
	wrong := s.as("admin:wrong")
	_, err := gossip.NewGossipClient(s.conn).Read(wrong, &shared.Empty{})
	wantCode(t, "gossip with a wrong password", err, codes.Unauthenticated)
	_, err = serverfeatures.NewServerFeaturesClient(s.conn).GetSupportedMethods(t.Context(), &shared.Empty{})
	wantCode(t, "features by nobody", err, codes.OK)
}

// TestUsersStay restarts the node, with other passwords in its settings.
func TestUsersStay(t *testing.T) {
	t.Parallel()
	certificate, key := nodetest.Certificate(t)
	options := nodetest.Secured(t, certificate, key)
	s := &secured{Node: nodetest.StartWith(t, options), t: t, certificate: certificate}
	s.connect()
	s.createUser("ada")
	wantCode(t, "change", s.change("ops:changeit", "ops", "changeit", "own"), codes.OK)
	options.Security.Passwords = access.Passwords{Admin: "other", Ops: "other"}
	s.Restart()
	s.connect()
	s.wantLogin("ada:pass", codes.OK)
	s.wantLogin(admin, codes.OK)
	s.wantLogin("admin:other", codes.Unauthenticated)
	s.wantLogin("ops:own", codes.OK)
	options.Security.Passwords = access.Passwords{Reset: true}
	s.Restart()
	s.connect()
	s.wantLogin(admin, codes.OK)
	s.wantLogin("ops:own", codes.OK)
	options.Security.Passwords = access.Passwords{Admin: "other", Ops: "other", Reset: true}
	s.Restart()
	s.connect()
	s.wantLogin("admin:other", codes.OK)
	s.wantLogin(admin, codes.Unauthenticated)
	s.wantLogin("ops:other", codes.OK)
	s.wantLogin("ada:pass", codes.OK)
}

// TestLastAdministrator stays, whoever wants it to go.
func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	remove := map[string]func(as, name string) error{
		"disable": func(as, name string) error {
			_, err := s.users.Disable(s.as(as), &users.DisableReq{Options: &users.DisableReq_Options{LoginName: name}})
			return err
		},
		"delete": func(as, name string) error {
			_, err := s.users.Delete(s.as(as), &users.DeleteReq{Options: &users.DeleteReq_Options{LoginName: name}})
			return err
		},
		"update": func(as, name string) error {
			_, err := s.users.Update(s.as(as), &users.UpdateReq{Options: &users.UpdateReq_Options{LoginName: name}})
			return err
		},
	}
	s.createUser("ada")
	s.createUser("out", "$admins")
	s.disable("out")
	wantCode(t, "disable who is no administrator", remove["disable"](admin, "ada"), codes.OK)
	for _, what := range []string{"disable", "delete"} {
		err := remove[what](admin, "admin")
		if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "last administrator") {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantCode(t, "update of admin, who stays one", remove["update"](admin, "admin"), codes.OK)
	s.createUser("boss", "$admins")
	wantCode(t, "disable admin with another there", remove["disable"]("boss:pass", "admin"), codes.OK)
	for what, do := range remove {
		wantCode(t, what+" boss", do("boss:pass", "boss"), codes.FailedPrecondition)
	}
	s.wantLogin("boss:pass", codes.OK)
}

// TestAdministratorsDemoteEachOther at once: one is left.
func TestAdministratorsDemoteEachOther(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("boss", "$admins")
	for range 20 {
		var both sync.WaitGroup
		for as, name := range map[string]string{admin: "boss", "boss:pass": "admin"} {
			both.Go(func() {
				_, _ = s.users.Disable(s.as(as), &users.DisableReq{Options: &users.DisableReq_Options{LoginName: name}})
			})
		}
		both.Wait()
		left := map[string]string{admin: "boss", "boss:pass": "admin"}
		for as := range left {
			if s.login(as) != codes.OK {
				delete(left, as)
			}
		}
		if len(left) == 0 {
			t.Fatal("nobody is left")
		}
		for as, other := range left {
			if _, err := s.users.Enable(s.as(as), &users.EnableReq{Options: &users.EnableReq_Options{LoginName: other}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestResetEnables lets users in again whom nobody could enable any more. Who gets no password stays out.
func TestResetEnables(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var security *node.Security
	s := startSecuredWith(t, func(options *node.Options) {
		security, options.Logger = options.Security, slog.New(slog.NewTextHandler(&log, nil))
	})
	s.disable("ops")
	s.put("$user-admin", `{"LoginName":"admin","Hash":"x","Disabled":true,"Groups":["$admins"]}`)
	s.Restart()
	s.connect()
	s.wantLogin(admin, codes.Unauthenticated)
	security.Passwords = access.Passwords{Admin: "next", Reset: true}
	s.Restart()
	s.connect()
	s.wantLogin("admin:next", codes.OK)
	s.wantLogin("ops:changeit", codes.Unauthenticated)
	security.Passwords = access.Passwords{Admin: "next", Ops: "other", Reset: true}
	s.Restart()
	s.connect()
	s.wantLogin("ops:other", codes.OK)
	s.Stop()
	for _, told := range []string{"user=admin was_disabled=true", "user=admin was_disabled=false", "user=ops was_disabled=true"} {
		if strings.Count(log.String(), told) != 1 {
			t.Errorf("not told once of %s:\n%s", told, log.String())
		}
	}
}

// TestFirstPasswords takes logs with and without users into the care of passwords.
func TestFirstPasswords(t *testing.T) {
	t.Parallel()
	certificate, key := nodetest.Certificate(t)
	options := nodetest.Secured(t, certificate, key)
	options.Dir = t.TempDir()
	options.Security.Passwords = access.Passwords{}
	if _, err := node.Open(options); !errors.Is(err, access.ErrNoAdminPassword) {
		t.Errorf("a fresh log without a password: %v", err)
	}
	trusting, err := node.Open(node.Options{Dir: options.Dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := trusting.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Open(options); !errors.Is(err, access.ErrNoAdminPassword) {
		t.Errorf("users without a password: %v", err)
	}
	options.Security.Passwords.Admin = "first"
	s := &secured{Node: nodetest.StartWith(t, options), t: t, certificate: certificate}
	s.connect()
	s.wantLogin("admin:first", codes.OK)
	s.wantLogin("ops:", codes.Unauthenticated)
	s.wantLogin("ops:changeit", codes.Unauthenticated)
	if _, err := s.users.Delete(s.as("admin:first"), &users.DeleteReq{Options: &users.DeleteReq_Options{LoginName: "ops"}}); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	s.connect()
	if _, err := s.details("admin:first", "ops"); status.Code(err) != codes.NotFound {
		t.Errorf("a deleted user after a restart: %v", err)
	}
	options.Security.Passwords.Ops = "again"
	s.Restart()
	s.connect()
	s.wantLogin("ops:again", codes.OK)
	options.Security.TLS = nil
	options.Dir = t.TempDir()
	if _, err := node.Open(options); !errors.Is(err, node.ErrNoTLS) {
		t.Errorf("users without TLS: %v", err)
	}
}

// TestUsersAreKeptAsEvents reads what EventStoreDB's tools look for.
func TestUsersAreKeptAsEvents(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada", "writers")
	wantCode(t, "reset", s.reset(admin, "ada", "next"), codes.OK)
	var types []string
	for _, record := range s.events("$user-ada") {
		types = append(types, record.GetMetadata()["type"])
		var kept map[string]any
		if err := json.Unmarshal(record.GetData(), &kept); err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"LoginName", "FullName", "Salt", "Hash", "Disabled", "Groups"} {
			if _, there := kept[field]; !there {
				t.Errorf("%s lacks %s", record.GetData(), field)
			}
		}
		if strings.Contains(string(record.GetData()), "pass") {
			t.Errorf("a password is readable: %s", record.GetData())
		}
	}
	if strings.Join(types, " ") != "$UserCreated $UserUpdated" {
		t.Errorf("the user's events are %v", types)
	}
	if told := s.events("$users-password-notifications"); len(told) != 1 || string(told[0].GetData()) != `{"LoginName":"ada"}` {
		t.Errorf("notifications: %v", told)
	}
	if listed := s.events("$users"); len(listed) != 3 || string(listed[2].GetData()) != "ada" {
		t.Errorf("users: %v", listed)
	}
	if acl := s.events("$$$user-ada"); len(acl) != 1 || !strings.Contains(string(acl[0].GetData()), `"$w":"$admins"`) {
		t.Errorf("access list: %v", acl)
	}
}

// events reads a stream as the administrator.
func (s *secured) events(stream string) []*streams.ReadResp_ReadEvent_RecordedEvent {
	s.t.Helper()
	call, err := s.streams.Read(s.as(admin), &streams.ReadReq{Options: readStream(stream)})
	var all []*streams.ReadResp_ReadEvent_RecordedEvent
	for err == nil {
		var answer *streams.ReadResp
		if answer, err = call.Recv(); err == nil && answer.GetEvent() != nil {
			all = append(all, answer.GetEvent().GetEvent())
		}
	}
	if !errors.Is(err, io.EOF) {
		s.t.Fatal(err)
	}
	return all
}

// TestClearTextIsRefused: neither a client without TLS nor one that does not trust the certificate gets through.
func TestClearTextIsRefused(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	other, _ := nodetest.Certificate(t)
	for name, conn := range map[string]*grpc.ClientConn{
		"clear text": dial(t, s.Address),
		"no trust":   dialBy(t, s.Address, credentials.NewTLS(nodetest.Trusting(t, other))),
	} {
		ctx, cancel := context.WithCancel(s.as(admin))
		wantCode(t, name, readOnce(ctx, streams.NewStreamsClient(conn), readStream("s")), codes.Unavailable)
		cancel()
	}
}
