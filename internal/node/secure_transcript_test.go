package node_test

import (
	"testing"
)

// secureDeviations are the steps against a secured server whose recorded answer the node does not give, with the reason.
var secureDeviations = map[string]string{
	"supported methods: nobody named": "for information: only what is served is listed",
}

// secureEndings are the steps whose answers are as recorded but whose end is not, with the end and the reason.
var secureEndings = map[string]struct{ code, reason string }{
	"batch: nobody named":     {"OK", "the server forgot to end a call after a refusal: its client waits for the deadline"},
	"batch: ada, not allowed": {"OK", "as above"},
}

// TestSecureTranscript replays what a real server with TLS, users and access lists was asked.
func TestSecureTranscript(t *testing.T) {
	t.Parallel()
	const title = "secure: who may what"
	steps := readTranscript(t, "../esdb/esdb/testdata/eventstoredb-transcript-secure.json").Scenarios[title].Steps
	if len(steps) == 0 {
		t.Fatalf("no scenario %q", title)
	}
	met := map[string]bool{}
	r := newReplay(t, startSecured(t).conn)
	for _, s := range steps {
		met[s.Name] = true
		if secureDeviations[s.Name] != "" {
			continue
		}
		if ending, other := secureEndings[s.Name]; other {
			s.Status.Code = ending.code
		}
		if !r.do(s) {
			t.Fatalf("step %q failed, the rest is not comparable", s.Name)
		}
	}
	r.checkOrder()
	for name := range secureDeviations {
		if !met[name] {
			t.Errorf("no step for deviation %q", name)
		}
	}
	for name := range secureEndings {
		if !met[name] {
			t.Errorf("no step for ending %q", name)
		}
	}
}
