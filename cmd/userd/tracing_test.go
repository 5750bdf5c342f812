package main_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A traced service sends a span per request, as a child of the client's, and says nothing of who asked what.
func TestRequestsAreTraced(t *testing.T) {
	received := make(chan *collector.ExportTraceServiceRequest, 16)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		exported := &collector.ExportTraceServiceRequest{}
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, exported) != nil {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		received <- exported
	}))
	defer sink.Close()
	w := newWorld(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+sink.URL, "OTEL_SERVICE_NAME=traced")
	p := w.start()

	const trace = "0af7651916cd43dd8448eb211c80319c"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.public+"/users", strings.NewReader(
		`{"email":"traced@example.org","password":"correct horse battery"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	answer, err := http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("%v, %v", answer, err)
	}
	answer.Body.Close()

	timeout := time.After(startTime)
	for {
		select {
		case exported := <-received:
			text := exported.String()
			if !strings.Contains(text, "POST /users") {
				continue
			}
			span := exported.ResourceSpans[0].ScopeSpans[0].Spans[0]
			if len(span.TraceId) != 16 || len(span.ParentSpanId) != 8 || !strings.Contains(text, "traced") {
				t.Errorf("the span: %s", text)
			}
			if strings.Contains(text, "example.org") || strings.Contains(text, "correct horse") {
				t.Errorf("the span tells too much: %s", text)
			}
			return
		case <-timeout:
			t.Fatal("no span came")
		}
	}
}
