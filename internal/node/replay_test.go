package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// step is one entry of a transcript.
type step struct {
	Name      string            `json:"step"`
	Call      string            `json:"call"`
	Begin     string            `json:"begin"`
	Send      string            `json:"send"`
	Take      string            `json:"take"`
	Quiet     string            `json:"quiet"`
	Cancel    string            `json:"cancel"`
	Finish    string            `json:"finish"`
	For       float64           `json:"for"`
	Wait      float64           `json:"wait"`
	Metadata  map[string]string `json:"metadata"`
	Requests  []any             `json:"requests"`
	Responses []any             `json:"responses"`
	Status    struct {
		Code     string            `json:"code"`
		Trailers map[string]string `json:"trailers"`
	} `json:"status"`
}

const answerWithin = 20 * time.Second

// replay plays the client of one scenario.
type replay struct {
	t       *testing.T
	conn    *grpc.ClientConn
	match   *matching
	handles map[string]*handle
}

// handle is an open call. Its answers arrive in the background.
type handle struct {
	stream    grpc.ClientStream
	method    protoreflect.MethodDescriptor
	cancel    context.CancelFunc
	responses chan any
	// end is set before responses is closed.
	end error
	// caughtUp tells that a caught_up has been taken.
	caughtUp bool
}

func newReplay(t *testing.T, conn *grpc.ClientConn) *replay {
	r := &replay{t: t, conn: conn, match: newMatching(t), handles: map[string]*handle{}}
	t.Cleanup(func() {
		for _, h := range r.handles {
			h.cancel()
		}
	})
	return r
}

func (r *replay) do(s step) bool {
	switch {
	case s.Begin != "":
		r.handles[s.Begin] = r.open(s, false)
		return true
	case s.Send != "":
		return r.send(r.handles[s.Send], s.Requests)
	case s.Take != "":
		return r.take(r.handles[s.Take], s)
	case s.Quiet != "":
		return r.quiet(r.handles[s.Quiet], s)
	case s.Cancel != "":
		r.handles[s.Cancel].cancel()
		return true
	case s.Finish != "":
		return r.finish(r.handles[s.Finish], s)
	case s.Wait > 0:
		<-time.After(seconds(s.Wait))
		return true
	}
	if method := path.Base(s.Call); method == "GetInfo" || method == "List" {
		r.settle(s)
	}
	h := r.open(s, true)
	defer h.cancel()
	return r.finish(h, s)
}

// settle repeats a call until it answers as recorded: what was sent before on another call may still be on its way.
func (r *replay) settle(s step) {
	deadline := time.After(answerWithin)
	for settled := len(s.Responses) != 1; !settled; {
		h := r.open(s, true)
		response, there := h.next(deadline)
		h.cancel()
		settled = !there || r.match.equal(s.Responses[0], response)
		select {
		case <-deadline:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// open starts a call and sends its requests.
func (r *replay) open(s step, halfClose bool) *handle {
	r.t.Helper()
	name := protoreflect.FullName(strings.ReplaceAll(s.Call, "/", "."))
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		r.t.Fatalf("step %q: %v", s.Name, err)
	}
	method, ok := descriptor.(protoreflect.MethodDescriptor)
	if !ok {
		r.t.Fatalf("step %q: %s is no method", s.Name, name)
	}
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(r.t.Context(), metadata.New(s.Metadata)))
	stream, err := r.conn.NewStream(ctx, &grpc.StreamDesc{
		ClientStreams: method.IsStreamingClient(), ServerStreams: true,
	}, "/"+s.Call)
	if err != nil {
		cancel()
		r.t.Fatalf("step %q: %v", s.Name, err)
	}
	h := &handle{stream: stream, method: method, cancel: cancel, responses: make(chan any, 1000)}
	r.send(h, s.Requests)
	if halfClose || !method.IsStreamingClient() {
		if err := stream.CloseSend(); err != nil {
			r.t.Errorf("step %q: half-close: %v", s.Name, err)
		}
	}
	go h.receive(method.Output().FullName())
	return h
}

func (r *replay) send(h *handle, requests []any) bool {
	r.t.Helper()
	for _, request := range requests {
		text, err := json.Marshal(r.match.fill(request))
		if err != nil {
			r.t.Fatal(err)
		}
		message := newMessage(r.t, h.method.Input().FullName())
		if err := protojson.Unmarshal(text, message); err != nil {
			r.t.Fatalf("request %.300s: %v", text, err)
		}
		// A call that was refused early ends with io.EOF here; its status follows from receiving.
		if err := h.stream.SendMsg(message); err != nil && !errors.Is(err, io.EOF) {
			r.t.Errorf("send: %v", err)
			return false
		}
	}
	return true
}

func newMessage(t testing.TB, name protoreflect.FullName) proto.Message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return kind.New().Interface()
}

func (h *handle) receive(name protoreflect.FullName) {
	defer close(h.responses)
	kind, err := protoregistry.GlobalTypes.FindMessageByName(name)
	for err == nil {
		message := kind.New().Interface()
		if err = h.stream.RecvMsg(message); err != nil {
			break
		}
		var text []byte
		if text, err = protojson.Marshal(message); err != nil {
			break
		}
		var generic any
		if err = json.Unmarshal(text, &generic); err == nil {
			h.responses <- asRecorded(generic)
		}
	}
	h.end = err
}

// asRecorded writes the failure of a batch as the recording does: its code by name, its only detail not in a list.
func asRecorded(response any) any {
	fields, _ := response.(map[string]any)
	if failure, there := fields["error"].(map[string]any); there {
		if code, isNumber := failure["code"].(float64); isNumber {
			failure["code"] = codeNames[codes.Code(code)]
		}
		if details, isList := failure["details"].([]any); isList && len(details) == 1 {
			failure["details"] = details[0]
		}
	}
	return response
}

// next returns the next response, not counting checkpoints before the subscription has caught up: they depend on the
// server's own events.
func (h *handle) next(timeout <-chan time.Time) (any, bool) {
	for {
		select {
		case response, open := <-h.responses:
			if !open {
				return nil, false
			}
			fields, _ := response.(map[string]any)
			if _, checkpoint := fields["checkpoint"]; checkpoint && !h.caughtUp {
				continue
			}
			_, caughtUp := fields["caughtUp"]
			h.caughtUp = h.caughtUp || caughtUp
			return response, true
		case <-timeout:
			return nil, false
		}
	}
}

func (r *replay) take(h *handle, s step) bool {
	r.t.Helper()
	timeout := time.After(answerWithin)
	for i, expected := range s.Responses {
		response, there := h.next(timeout)
		if !there {
			r.t.Errorf("step %q: response %d did not come (%v)", s.Name, i, h.end)
			return false
		}
		if !r.match.equal(expected, response) {
			r.t.Errorf("step %q: response %d\nwant %v\ngot  %v", s.Name, i, r.match.fill(expected), response)
			return false
		}
	}
	return true
}

func (r *replay) quiet(h *handle, s step) bool {
	r.t.Helper()
	if !r.take(h, s) {
		return false
	}
	if response, there := h.next(time.After(seconds(s.For))); there {
		r.t.Errorf("step %q: unexpected response %v", s.Name, response)
		return false
	}
	return true
}

// finish expects the remaining responses and the end of the call.
func (r *replay) finish(h *handle, s step) bool {
	r.t.Helper()
	if !r.take(h, s) {
		return false
	}
	if response, there := h.next(time.After(answerWithin)); there {
		r.t.Errorf("step %q: unexpected response %v", s.Name, response)
		return false
	}
	code := "OK"
	if h.end != nil && !errors.Is(h.end, io.EOF) {
		code = codeNames[status.Code(h.end)]
	}
	if code != s.Status.Code && (s.Status.Code != "UNKNOWN" || code == "OK") {
		r.t.Errorf("step %q: ended with %s (%v), want %s", s.Name, code, h.end, s.Status.Code)
		return false
	}
	for key, want := range s.Status.Trailers {
		if got := h.stream.Trailer().Get(key); len(got) != 1 || got[0] != want {
			r.t.Errorf("step %q: trailer %s is %q, want %q", s.Name, key, got, want)
			return false
		}
	}
	return true
}
