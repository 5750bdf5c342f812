package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// serviceStart is how long userd may take to be built, and to be ready.
const serviceStart = 3 * time.Minute

// serverSecret is what userd derives tokens from; we need it to make users without it.
const serverSecret = "a server secret that protects nothing at all"

// service is userd with users in it.
type service struct {
	cmd      *exec.Cmd
	address  string // of the public listener
	store    string
	database string
	users    []user
	admin    user
}

func (s *service) pid() int { return s.cmd.Process.Pid }

// userd is the service of the run, built, started and filled when first asked for. One that could not be started is
// not tried again.
func (b *bench) userd(ctx context.Context) (*service, error) {
	if b.service == nil && b.serviceErr == nil {
		b.service, b.serviceErr = b.startUserd(ctx)
	}
	return b.service, b.serviceErr
}

func (b *bench) startUserd(ctx context.Context) (*service, error) {
	ctx, cancel := context.WithTimeout(ctx, serviceStart)
	defer cancel()
	s, err := b.launchUserd(ctx)
	if err == nil {
		s.users, s.admin, err = b.seed(ctx, s)
	}
	return s, err
}

// launchUserd is a service without users, with some settings more.
func (b *bench) launchUserd(ctx context.Context, more ...string) (*service, error) {
	database, err := b.postgres(ctx, "userd")
	if err != nil {
		return nil, err
	}
	binary, err := b.buildUserd(ctx)
	if err != nil {
		return nil, err
	}
	s := &service{database: database, cmd: exec.Command(binary, "dev")} //nolint:noctx // it is told to stop
	s.cmd.Env = append(environment(),
		"DATA_DIR="+filepath.Join(b.dir, "d"), "HTTP_ADDR=127.0.0.1:0", "INTERNAL_ADDR=127.0.0.1:0",
		"LOG_LEVEL=warn", "DATABASE_URL="+database, "SERVER_SECRET="+serverSecret,
		"KEYRING_KEK="+base64.StdEncoding.EncodeToString(benchKEK()), "EMAIL_VERIFICATION_ENABLED=false")
	s.cmd.Env = append(s.cmd.Env, more...)
	s.cmd.Stderr = b.log
	b.endings = append(b.endings, s.stop)
	fields, err := s.start(ctx)
	if err != nil {
		return nil, err
	}
	s.address, s.store = fields["http"], fields["eventstore"]
	return s, nil
}

// buildUserd builds the program, once, and returns its path.
func (b *bench) buildUserd(ctx context.Context) (string, error) {
	binary := filepath.Join(b.dir, "userd")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "am-user-management/cmd/userd")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build userd: %w\n%s", err, out)
	}
	return binary, nil
}

// environment is what userd gets of ours.
func environment() []string {
	vars := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	for _, name := range []string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS"} { // to try what they change
		if value, set := os.LookupEnv(name); set {
			vars = append(vars, name+"="+value)
		}
	}
	return vars
}

// start starts the program and returns what it says when it is ready.
func (s *service) start(ctx context.Context) (map[string]string, error) {
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan map[string]string, 1)
	go func() {
		defer close(ready)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if fields, isReady := readyLine(lines.Text()); isReady {
				ready <- fields
			}
		}
	}()
	select {
	case fields, said := <-ready:
		if !said {
			return nil, errors.New("userd ended before it was ready")
		}
		return fields, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("userd is not ready: %w", ctx.Err())
	}
}

// readyLine reads "ready http=… internal=… eventstore=… postgres=…".
func readyLine(line string) (fields map[string]string, isReady bool) {
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != "ready" {
		return nil, false
	}
	fields = make(map[string]string)
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		fields[name] = value
	}
	return fields, true
}

// stop ends the program, if it was started, and waits for it.
func (s *service) stop() error {
	if s.cmd.Process == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	hard := time.AfterFunc(childStop, func() { _ = s.cmd.Process.Kill() })
	defer hard.Stop()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("userd: %w", err)
	}
	return nil
}
