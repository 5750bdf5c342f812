package node_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"am-user-management/internal/node/nodetest"
)

// deviations are the steps whose recorded answer the node does not give, with the reason.
var deviations = map[string]string{
	"server features, gossip, the unknown/supported methods": "for information: only what is served is listed",
	"server features, gossip, the unknown/gossip":            "for information",
}

type transcript struct {
	Scenarios map[string]struct {
		Steps []step `json:"steps"`
	} `json:"scenarios"`
}

func readTranscript(t *testing.T, file string) transcript {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var recorded transcript
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	return recorded
}

// TestTranscript replays what a real server was asked, and expects its answers.
func TestTranscript(t *testing.T) {
	t.Parallel()
	recorded := readTranscript(t, "testdata/eventstoredb-transcript.json")
	for title, scenario := range recorded.Scenarios {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			r := newReplay(t, dial(t, nodetest.Start(t).Address))
			for _, s := range scenario.Steps {
				if deviations[title+"/"+s.Name] != "" {
					continue
				}
				if !r.do(s) {
					t.Fatalf("step %q failed, the rest is not comparable", s.Name)
				}
			}
			r.checkOrder()
		})
	}
	for deviation := range deviations {
		title, _, _ := strings.Cut(deviation, "/")
		if _, there := recorded.Scenarios[title]; !there {
			t.Errorf("no scenario for deviation %q", deviation)
		}
	}
}
