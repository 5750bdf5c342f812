package node_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node"
	"am-user-management/internal/node/store"
)

// put writes an event past everything that is asked of clients, as an earlier node without users has.
func (s *secured) put(stream, data string) {
	s.t.Helper()
	event := store.Event{ID: store.ID(uuid.New()), Type: "t", JSON: true, Data: []byte(data)}
	if _, err := s.Node.Node().Append(s.t.Context(), stream, store.Any, []store.Event{event}); err != nil {
		s.t.Fatal(err)
	}
}

// unreadable are documents with lists that cannot be read, with what is said of them.
var unreadable = []struct{ stream, data, says string }{
	{"$settings", `{"$userStreamAcl":{"$r":["svc","$admins"],"$mw":[1]}}`, "$mw in $userStreamAcl is neither text nor a list"},
	{"$settings", `{"$systemStreamAcl":{"$r":{"a":"b"}}}`, "$r in $systemStreamAcl is neither"},
	{"$settings", `{"$systemStreamAcl":"$admins"}`, "$systemStreamAcl is no object"},
	{"$settings", `{"$userStreamAcl":null}`, "$userStreamAcl is no object"},
	{"$settings", `user: all`, "no JSON object"},
	{"$settings", `[]`, "no JSON object"},
	{"$settings", ``, "no JSON object"},
	{"$$p", `{"$acl":{"$r":["$admins"],"$w":5}}`, "$w in $acl is neither"},
	{"$$p", `{"$acl":{"$d":["a",null]}}`, "$d in $acl is neither"},
	{"$$p", `{"$acl":["$admins"]}`, "$acl is no object"},
	{"$$p", `{"$acl":{"$r":"$admins"}`, "no JSON object"},
	{"$$p", `{"$acl":"$admins"}`, "$acl is neither an object nor the name of a list"},
	{"$$p", `{"$acl":""}`, "$acl is neither an object nor the name of a list"},
	{"$$$all", `{"$acl":5}`, "$acl is no object"},
}

// TestUnreadableListsAreRefused: who writes one meant it to say something.
func TestUnreadableListsAreRefused(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	batches, err := s.streams.BatchAppend(s.as(admin))
	if err != nil {
		t.Fatal(err)
	}
	batched := func(stream, contentType, data string) *shared.BadRequest {
		message := newStream(uuid.New(), stream, 1)
		message.ProposedMessages[0].Metadata["content-type"] = contentType
		message.ProposedMessages[0].Data = []byte(data)
		sendBatch(t, batches, message)
		var refusal shared.BadRequest
		failure := nextAnswer(t, batches).GetError()
		if failure == nil {
			return nil
		}
		if codes.Code(failure.GetCode()) != codes.InvalidArgument || failure.GetDetails()[0].UnmarshalTo(&refusal) != nil {
			t.Fatalf("%s %s in a batch: %v", stream, data, failure)
		}
		return &refusal
	}
	const binary, asJSON = "application/octet-stream", "application/json"
	for _, c := range unreadable {
		err := s.write(admin, c.stream, "t", c.data)
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(status.Convert(err).Message(), c.says) {
			t.Errorf("%s %s: %v, want %q", c.stream, c.data, err, c.says)
		}
		if refusal := batched(c.stream, asJSON, c.data); !strings.Contains(refusal.GetMessage(), c.says) {
			t.Errorf("%s %s in a batch: %v, want %q", c.stream, c.data, refusal, c.says)
		}
	}
	if refusal := batched("$$p", binary, `{}`); !strings.Contains(refusal.GetMessage(), "no JSON object") {
		t.Errorf("metadata that is not JSON: %v", refusal)
	}
	for _, data := range []string{`{}`, `{"$acl":{}}`, `{"$acl":{"$r":[],"$w":null,"$d":"","other":5}}`, `{"$maxCount":"x","n":[1]}`} {
		stream := "$$" + uuid.NewString()
		if refusal := batched(stream, asJSON, data); refusal != nil {
			t.Errorf("%s in a batch: %v", data, refusal)
		}
		wantCode(t, data, s.write(admin, stream, "$metadata", data), codes.OK)
	}
	wantCode(t, "an event of no list", s.write(admin, "p", "t", `{"$acl":5}`), codes.OK)
}

// TestUnreadableListsInTheLog: what they fail to tell is for administrators only, and the operator hears of each once.
func TestUnreadableListsInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := startSecuredWith(t, func(options *node.Options) { options.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	s.createUser("ada")
	onMetadata := []string{"read metadata", "write metadata"}
	removal := append([]string{"delete", "tombstone"}, onMetadata...)
	faults := 0
	for _, c := range []struct {
		settings, metadata string
		// allowed is what ada may still do.
		allowed []string
	}{
		{settings: `{"$userStreamAcl":{"$r":["ada"],"$w":["ada"],"$d":5,"$mw":[1]}}`, allowed: []string{"read", "subscribe", "append", "batch", "read metadata"}},
		{settings: `{"$userStreamAcl":5,"$systemStreamAcl":{"$r":"$all"}}`},
		{settings: `{"$userStreamAcl":{"$r":"$admins"},"$systemStreamAcl":[]}`, allowed: append([]string{"append", "batch"}, removal...)},
		{settings: `nothing`},
		{metadata: `{"$acl":{"$r":["$admins"],"$w":5}}`, allowed: removal},
		{metadata: `{"$acl":5}`},
		{metadata: `{"$acl":"$userstreamacl"}`},
		{metadata: `{`},
	} {
		for action, do := range actions {
			s.put("$settings", `{}`)
			stream := uuid.NewString()
			s.mustWrite(admin, stream, "t", "{}")
			if c.settings != "" {
				s.put("$settings", c.settings)
			} else {
				s.put("$$"+stream, c.metadata)
			}
			faults++
			want := codes.PermissionDenied
			if slices.Contains(c.allowed, action) {
				want = codes.OK
			}
			wantRead := codes.PermissionDenied
			if slices.Contains(c.allowed, "read") {
				wantRead = codes.OK
			}
			wantCode(t, "read", s.read("ada:pass", readStream(stream)), wantRead)
			wantCode(t, "read by an administrator", s.read(admin, readStream(stream)), codes.OK)
			if err := do(s, "ada:pass", stream); status.Code(err) != want {
				t.Errorf("%s%s, %s: %v, want %v", c.settings, c.metadata, action, err, want)
			}
		}
	}
	s.Stop()
	if told := strings.Count(log.String(), `level=ERROR msg="an access list cannot be read`); told != faults {
		t.Errorf("told %d times of %d faults:\n%s", told, faults, log.String())
	}
}

// TestAListMayBeNamed: metadata names one of the two general lists instead of having its own, as clients offer it. The
// stream goes by that one, whatever its own name is, and by what the settings make of it later.
func TestAListMayBeNamed(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada")
	for _, settings := range []struct {
		document string
		reads    string // the list by which ada may read
	}{
		{document: `{}`, reads: "$userStreamAcl"},
		{document: `{"$userStreamAcl":{"$r":"$admins"},"$systemStreamAcl":{"$r":"ada"}}`, reads: "$systemStreamAcl"},
	} {
		s.mustWrite(admin, "$settings", "settings", settings.document)
		for _, list := range []string{"$userStreamAcl", "$systemStreamAcl"} {
			for _, kind := range []string{"named-", "$named-"} {
				stream := kind + uuid.NewString()
				s.mustWrite(admin, stream, "t", "{}")
				s.mustWrite(admin, "$$"+stream, "$metadata", `{"$acl":"`+list+`"}`)
				want := codes.PermissionDenied
				if list == settings.reads {
					want = codes.OK
				}
				wantCode(t, settings.document+", "+stream+" by "+list, s.read("ada:pass", readStream(stream)), want)
				wantCode(t, "by an administrator", s.read(admin, readStream(stream)), codes.OK)
			}
		}
	}
}
