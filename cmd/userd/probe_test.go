package main_test

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestHealthIsWhatTheServiceSays: a service without its tables is alive, but not ready; one that ended is neither.
func TestHealthIsWhatTheServiceSays(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	health := func(args ...string) error {
		path, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		probe := exec.Command(path, append([]string{"health"}, args...)...)
		_, port, _ := net.SplitHostPort(p.ready["internal"])
		probe.Env = append(w.env, "INTERNAL_ADDR=0.0.0.0:"+port) // as in a container
		_, err = probe.Output()
		return err
	}
	if err := health(); err != nil {
		t.Errorf("alive: %v", err)
	}
	eventually(t, "it is ready", func() bool { return health("--ready") == nil })

	admin, err := pgx.Connect(t.Context(), w.database)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	if _, err := admin.Exec(t.Context(), `ALTER TABLE checkpoints RENAME TO checkpoints_away`); err != nil {
		t.Fatal(err)
	}
	if err := health("--ready"); err == nil {
		t.Error("it cannot read its checkpoints, and calls itself ready")
	}
	if err := health(); err != nil {
		t.Errorf("alive without its tables: %v", err)
	}
	p.kill()
	if err := health(); err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("ended: %v", err)
	}
}
