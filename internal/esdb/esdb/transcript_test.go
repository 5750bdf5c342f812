package esdb_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// transcriptStep is a question that a real server was asked, and its answer.
type transcriptStep struct {
	Name      string            `json:"step"`
	Call      string            `json:"call"`
	Begin     string            `json:"begin"`
	Metadata  map[string]string `json:"metadata"`
	Requests  []json.RawMessage `json:"requests"`
	Responses []json.RawMessage `json:"responses"`
	Status    struct {
		Code     codeName          `json:"code"`
		Message  string            `json:"message"`
		Trailers map[string]string `json:"trailers"`
	} `json:"status"`
}

// codeName is a status code as transcripts write it.
type codeName struct{ codes.Code }

// UnmarshalJSON reads the name.
func (c *codeName) UnmarshalJSON(text []byte) error { return c.Code.UnmarshalJSON(text) }

// notOfTheClient are the calls that the official client never makes.
var notOfTheClient = map[string]bool{
	streams.Streams_BatchAppend_FullMethodName: true,
	"/event_store.client.users.Users/Create":   true,
}

// readTranscript reads a recording; pairs are texts to replace in it. Whatever stands for any value becomes 1.
func readTranscript(t *testing.T, name string, pairs ...string) []transcriptStep {
	t.Helper()
	text, err := os.ReadFile("testdata/eventstoredb-transcript-" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	filled := regexp.MustCompile(`"\$p(\d+)"`).ReplaceAllString(string(text), `"$1"`)
	filled = strings.NewReplacer(append(pairs, `"*"`, `"1"`)...).Replace(filled)
	var recorded struct {
		Scenarios map[string]struct {
			Steps []transcriptStep `json:"steps"`
		} `json:"scenarios"`
	}
	if err := json.Unmarshal([]byte(filled), &recorded); err != nil {
		t.Fatal(err)
	}
	var steps []transcriptStep
	for _, scenario := range recorded.Scenarios {
		steps = append(steps, scenario.Steps...)
	}
	return steps
}

// recording answers with what was recorded, whatever the question. Gossip and features are answered with what was
// recorded for them, at any time.
type recording struct {
	t      *testing.T
	always map[string]transcriptStep // by method

	mu      sync.Mutex
	now     transcriptStep
	headers metadata.MD // of the last call that is not in always
	asked   int
}

func newRecording(t *testing.T, steps []transcriptStep) *recording {
	t.Helper()
	r := &recording{t: t, always: map[string]transcriptStep{}}
	for _, step := range steps {
		if strings.Contains(step.Call, ".Gossip/") || strings.Contains(step.Call, ".ServerFeatures/") {
			r.always["/"+step.Call] = step
		}
	}
	return r
}

// start serves on a free port until the test ends.
func (r *recording) start(options ...grpc.ServerOption) *esdb.EndPoint {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	server := grpc.NewServer(append(options, grpc.UnknownServiceHandler(r.answer))...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	r.t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return endpointOf(listener)
}

func endpointOf(listener net.Listener) *esdb.EndPoint {
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	number, _ := strconv.Atoi(port)
	return &esdb.EndPoint{Host: host, Port: uint16(number)}
}

func (r *recording) play(step transcriptStep) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = step
}

func (r *recording) answer(_ any, call grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(call)
	step, fixed := r.always[method]
	if !fixed {
		r.mu.Lock()
		step = r.now
		r.headers, _ = metadata.FromIncomingContext(call.Context())
		r.asked++
		r.mu.Unlock()
	}
	descriptor := methodOf(r.t, step.Call)
	for {
		err := call.RecvMsg(dynamicpb.NewMessage(descriptor.Input()))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if !descriptor.IsStreamingClient() || strings.Contains(step.Call, "PersistentSubscriptions") {
			break
		}
	}
	for _, text := range step.Responses {
		message := dynamicpb.NewMessage(descriptor.Output())
		if err := protojson.Unmarshal(text, message); err != nil {
			r.t.Errorf("step %q: %v", step.Name, err)
		}
		if err := call.SendMsg(message); err != nil {
			return err
		}
	}
	call.SetTrailer(metadata.New(step.Status.Trailers))
	return status.Error(step.Status.Code.Code, step.Status.Message)
}

func methodOf(t *testing.T, call string) protoreflect.MethodDescriptor {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(call, "/", ".")))
	if err != nil {
		t.Errorf("%s: %v", call, err)
		return nil
	}
	method, _ := found.(protoreflect.MethodDescriptor)
	return method
}

// documented is the code that a caller of the official client sees.
func (s transcriptStep) documented() (esdb.ErrorCode, bool) {
	switch s.Status.Trailers["exception"] {
	case "access-denied":
		return esdb.ErrorCodeAccessDenied, true
	case "not-leader":
		return esdb.ErrorCodeNotLeader, true
	}
	switch s.Status.Code.Code {
	case codes.OK:
		return 0, false
	case codes.Unauthenticated:
		return esdb.ErrorCodeUnauthenticated, true
	case codes.Unknown:
		return esdb.ErrorCodeUnknown, true
	}
	panic("no code is documented for " + s.Name)
}

// ask makes the call of a step and returns how it ended, as its caller sees it.
func ask(ctx context.Context, t *testing.T, client *esdb.Client, step transcriptStep, who *esdb.Credentials) error {
	t.Helper()
	first := message(t, step, 0)
	switch method := "/" + step.Call; method {
	case streams.Streams_Append_FullMethodName:
		request := first.(*streams.AppendReq)
		var events []esdb.EventData
		for i := 1; i < len(step.Requests); i++ {
			proposed := message(t, step, i).(*streams.AppendReq).GetProposedMessage()
			events = append(events, esdb.EventData{
				EventID: uuid.MustParse(proposed.GetId().GetString_()), EventType: proposed.GetMetadata()["type"],
				ContentType: esdb.ContentTypeJson, Data: proposed.GetData(), Metadata: proposed.GetCustomMetadata(),
			})
		}
		stream := string(request.GetOptions().GetStreamIdentifier().GetStreamName())
		_, err := client.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{Authenticated: who}, events...)
		return err
	case streams.Streams_Delete_FullMethodName:
		stream := string(first.(*streams.DeleteReq).GetOptions().GetStreamIdentifier().GetStreamName())
		_, err := client.DeleteStream(ctx, stream, esdb.DeleteStreamOptions{Authenticated: who})
		return err
	case streams.Streams_Read_FullMethodName:
		return askRead(ctx, client, first.(*streams.ReadReq).GetOptions(), who)
	case "/event_store.client.persistent_subscriptions.PersistentSubscriptions/Create":
		return client.CreatePersistentSubscription(ctx, "s", "g", esdb.PersistentStreamSubscriptionOptions{Authenticated: who})
	case "/event_store.client.persistent_subscriptions.PersistentSubscriptions/Read":
		_, err := client.SubscribeToPersistentSubscription(ctx, "s", "g", esdb.SubscribeToPersistentSubscriptionOptions{Authenticated: who})
		return err
	}
	t.Fatalf("step %q: how is %s asked?", step.Name, step.Call)
	return nil
}

func askRead(ctx context.Context, client *esdb.Client, options *streams.ReadReq_Options, who *esdb.Credentials) error {
	stream := string(options.GetStream().GetStreamIdentifier().GetStreamName())
	if options.GetSubscription() != nil {
		var err error
		if stream == "" {
			_, err = client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{Authenticated: who})
		} else {
			_, err = client.SubscribeToStream(ctx, stream, esdb.SubscribeToStreamOptions{Authenticated: who})
		}
		return err
	}
	var read *esdb.ReadStream
	var err error
	if stream == "" {
		read, err = client.ReadAll(ctx, esdb.ReadAllOptions{Authenticated: who}, options.GetCount())
	} else {
		read, err = client.ReadStream(ctx, stream, esdb.ReadStreamOptions{Authenticated: who}, options.GetCount())
	}
	if err != nil {
		return err
	}
	defer read.Close()
	for {
		if _, err := read.Recv(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// message is a recorded request.
func message(t *testing.T, step transcriptStep, number int) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(methodOf(t, step.Call).Input().FullName())
	if err != nil {
		t.Fatal(err)
	}
	request := kind.New().Interface()
	if err := protojson.Unmarshal(step.Requests[number], request); err != nil {
		t.Fatalf("step %q: %v", step.Name, err)
	}
	return request
}

// login is whoever a recorded header names, if a client could have sent it.
func login(header string) (*esdb.Credentials, bool) {
	encoded, isBasic := strings.CutPrefix(header, "Basic ")
	text, err := base64.StdEncoding.DecodeString(encoded)
	user, password, whole := strings.Cut(string(text), ":")
	if !isBasic || err != nil || !whole {
		return nil, false
	}
	return &esdb.Credentials{Login: user, Password: password}, true
}

func expectDocumented(t *testing.T, step transcriptStep, err error) {
	t.Helper()
	want, fails := step.documented()
	switch {
	case !fails && err != nil:
		t.Errorf("step %q: %v", step.Name, err)
	case fails && codeOf(t, err) != want:
		t.Errorf("step %q: %v, want %v", step.Name, err, want)
	}
}

// TestASecuredServersAnswers replays who may do what in a server with TLS and users.
func TestASecuredServersAnswers(t *testing.T) {
	t.Parallel()
	steps := readTranscript(t, "secure")
	server := newRecording(t, steps)
	certificate, key := authority(t)
	endpoint := server.start(secured(t, certificate, key, tls.NoClientCert))
	client := open(t, config(t, fmt.Sprintf("esdb://%s?tlsCaFile=%s", endpoint, certificate)))
	if version, err := client.GetServerVersion(); err != nil || *version != (esdb.ServerVersion{Major: 23, Minor: 10, Patch: 8}) {
		t.Errorf("supported methods: %v, %v", version, err)
	}
	for _, step := range steps {
		if _, fixed := server.always["/"+step.Call]; fixed || notOfTheClient["/"+step.Call] {
			continue
		}
		server.play(step)
		who, sendable := login(step.Metadata["authorization"])
		expectDocumented(t, step, ask(within(t), t, client, step, who))
		if got := strings.Join(server.headers.Get("authorization"), ", "); sendable && got != step.Metadata["authorization"] {
			t.Errorf("step %q: sent %q", step.Name, got)
		}
	}
}

// TestAFollowersAnswers replays what a follower says, and wants the call after each refusal to reach the leader.
func TestAFollowersAnswers(t *testing.T) {
	t.Parallel()
	leader := &server{onRead: func(*streams.ReadReq, streams.Streams_ReadServer) error { return nil }}
	led := leader.start(t)
	steps := readTranscript(t, "cluster", "2123", strconv.Itoa(int(led.Port)))
	refusals := 0
	for _, step := range steps {
		if step.Call == "" || step.Begin != "" || notOfTheClient["/"+step.Call] || strings.Contains(step.Call, ".Gossip/") {
			continue
		}
		follower := newRecording(t, steps)
		follower.always["/event_store.client.server_features.ServerFeatures/GetSupportedMethods"] = supported(t)
		follower.play(step)
		client := connect(t, follower.start())
		if step.Status.Code.Code == codes.DeadlineExceeded { // the recording ended there
			expectRecordedEvents(t, client, step)
			continue
		}
		err := ask(metadata.NewOutgoingContext(within(t), metadata.New(step.Metadata)), t, client, step, nil)
		expectDocumented(t, step, err)
		if got := strings.Join(follower.headers.Get("requires-leader"), ", "); got != step.Metadata["requires-leader"] {
			t.Errorf("step %q: sent requires-leader %q", step.Name, got)
		}
		if _, refused := step.documented(); refused {
			refusals++
			before := leader.called("append")
			if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
				t.Errorf("after step %q: %v", step.Name, err)
			}
			if leader.called("append") != before+1 || follower.asked != 1 {
				t.Errorf("after step %q: the next call did not reach the leader", step.Name)
			}
		}
	}
	if refusals < 5 {
		t.Errorf("only %d refusals were replayed", refusals)
	}
}

// supported is what a server says that it can do, from the other transcript: it was not recorded at the follower.
func supported(t *testing.T) transcriptStep {
	t.Helper()
	for _, step := range readTranscript(t, "secure") {
		if strings.Contains(step.Call, ".ServerFeatures/") {
			return step
		}
	}
	t.Fatal("no step about supported methods")
	return transcriptStep{}
}

func expectRecordedEvents(t *testing.T, client *esdb.Client, step transcriptStep) {
	t.Helper()
	subscription, err := client.SubscribeToStream(within(t), "s", esdb.SubscribeToStreamOptions{})
	if err != nil {
		t.Errorf("step %q: %v", step.Name, err)
		return
	}
	for range len(step.Responses) - 1 { // the first one confirms
		if got := subscription.Recv(); got.EventAppeared == nil && got.CaughtUp == nil {
			t.Errorf("step %q: got %+v", step.Name, got)
		}
	}
	if got := subscription.Recv(); got.SubscriptionDropped == nil || status.Code(got.SubscriptionDropped.Error) != codes.DeadlineExceeded {
		t.Errorf("step %q: at the end %+v", step.Name, got)
	}
}
