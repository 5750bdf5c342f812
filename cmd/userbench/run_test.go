package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// binary is the program, built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ub")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "userbench")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// program is a run of the program and the folder that it may put things into.
type program struct {
	*exec.Cmd
	temp string
}

func newProgram(t *testing.T, args ...string) program {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	temp, err := os.MkdirTemp("", "ut") //nolint:usetesting // short: unix sockets lie below it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	return program{cmd, temp}
}

func (p program) leavesNothing(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(p.temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestMeasuresWhatNeedsNoPostgres(t *testing.T) {
	p := newProgram(t, "-only", "G6,G7", "-seconds", "0.1", "-rounds", "1", "-conns", "4", "-patience", "0s")
	var stdout, stderr bytes.Buffer
	p.Stdout, p.Stderr = &stdout, &stderr
	if err := p.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, row := range []string{"G7    4 callers", "G7    1 callers", "G6    4 callers"} {
		if !strings.Contains(stdout.String(), row) {
			t.Errorf("no row %q in\n%s", row, stdout.String())
		}
	}
	p.leavesNothing(t)
}

func TestMeasuresTheNode(t *testing.T) {
	p := newProgram(t, "node", "-seconds", "0.05", "-rounds", "1", "-patience", "0s", "-events", "2000")
	var stdout, stderr bytes.Buffer
	p.Stdout, p.Stderr = &stdout, &stderr
	if err := p.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, row := range []string{
		"append, 1 at a time ", "append, 64 at a time ", "append, 256 at a time ", "batch append of 50 events, 64 in flight ", "read $all ",
		"catch-up subscription to $all ", "read 20 events of a stream", "append until seen", "memory of the server",
		"Pebble's synced commits", "append by 1, p50", "a bare gRPC stream", "start on a log of 2,000 events", "memory while that log is read",
	} {
		if !strings.Contains(stdout.String(), row) {
			t.Errorf("no row %q in\n%s", row, stdout.String())
		}
	}
	p.leavesNothing(t)
}

func TestAnInterruptEndsEverything(t *testing.T) {
	p := newProgram(t, "-only", "G7", "-seconds", "60", "-patience", "0s")
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stderr).ReadString('\n'); err != nil || !strings.HasPrefix(line, "G7:") {
		t.Fatalf("%q, %v", line, err)
	}
	if err := p.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var failed *exec.ExitError
	if err := p.Wait(); !errors.As(err, &failed) || failed.ExitCode() != 1 {
		t.Errorf("ended with %v", err)
	}
	p.leavesNothing(t)
}

func TestRefusesFlagsThatMakeNoSense(t *testing.T) {
	for _, args := range [][]string{{"-only", "G99"}, {"-users", "0"}, {"-rounds", "0"}, {"extra"}, {"side", "nobody", "{}"}, {"node", "-events", "0"}} {
		p := newProgram(t, args...)
		if out, err := p.CombinedOutput(); err == nil {
			t.Errorf("%v was accepted: %s", args, out)
		}
		p.leavesNothing(t)
	}
}
