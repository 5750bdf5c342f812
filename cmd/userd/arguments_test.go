package main_test

import (
	"strings"
	"testing"
)

// TestStrayWordsAreRefused: what follows a word that is no flag would be ignored, and it may have been meant.
func TestStrayWordsAreRefused(t *testing.T) {
	w := newNodeWorld(t)
	for _, line := range []string{
		"node --data DATA verify", "node extra --data DATA", "node verify extra", "node verify --data DATA extra", "health extra",
		"serve extra", "dev extra",
	} {
		args := strings.Fields(strings.ReplaceAll(line, "DATA", w.data))
		out, err := w.run(args...)
		if err == nil || !strings.Contains(out, "takes no argument") {
			t.Errorf("userd %s: %v, %s", line, err, out)
		}
	}
	if out, err := w.run("node", "--help"); err != nil || !strings.Contains(out, "-listen") {
		t.Errorf("help: %v, %s", err, out)
	}
}
