package main_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/pgtest"
	"am-user-management/internal/smtpcatcher"
	"am-user-management/internal/tokenservice"
)

// startTime bounds a start, the first of a fresh folder included.
const startTime = 2 * time.Minute

// binary is userd, built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "userd")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "userd")
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, ".")...)
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// removeBinary removes what binary built.
func removeBinary() {
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
}

// world is what surrounds a service: a folder for its data, a mail server and a token service that outlive it.
type world struct {
	t      testing.TB
	dir    string
	mail   *smtpcatcher.Catcher
	tokens *tokenservice.Stub
	// database is the address of the service's tables, set by newWorld; a world that is alone has its own Postgres.
	database string
	pools    map[string]*pgxpool.Pool
	env      []string
}

// newWorld is a world with a database of the test server, which is there at once.
func newWorld(t testing.TB, settings ...string) *world {
	t.Helper()
	w := newWorldAlone(t, settings...)
	w.database = pgtest.URL(t)
	w.env = append(w.env, "DATABASE_URL="+w.database)
	return w
}

// newWorldAlone is a world in which userd has to bring its own Postgres.
func newWorldAlone(t testing.TB, settings ...string) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "am") //nolint:usetesting // unix sockets lie below it: its path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	catcher, err := smtpcatcher.Start(smtpcatcher.Options{Dir: filepath.Join(dir, "caught"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { catcher.Close() })
	const tokenKey = "the-key-of-the-token-service"
	stub := tokenservice.NewStub(tokenKey)
	tokens := httptest.NewServer(stub)
	t.Cleanup(tokens.Close)
	w := &world{t: t, dir: dir, mail: catcher, tokens: stub, pools: map[string]*pgxpool.Pool{}}
	w.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR"),
		"DATA_DIR=" + filepath.Join(dir, "data"), "HTTP_ADDR=127.0.0.1:0", "INTERNAL_ADDR=127.0.0.1:0",
		"LOG_LEVEL=warn", "LOG_FORMAT=text", "ARGON2_MEMORY_KIB=1024", "ARGON2_TIME=1",
		"SMTP_URL=" + catcher.URL(), "TOKEN_SERVICE_URL=" + tokens.URL, "TOKEN_SERVICE_KEY=" + tokenKey,
		"KEYRING_KEK=" + base64.StdEncoding.EncodeToString([]byte(kek)),
		"SERVER_SECRET=a server secret of the tests, long enough",
		"INTERNAL_API_KEYS=tests:0123456789abcdef0123",
	}, settings...)
	return w
}

// process is a running userd.
type process struct {
	cmd      *exec.Cmd
	lines    chan string       // the ready line, when it is there
	ready    map[string]string // what it says
	exited   chan struct{}
	err      error // of Wait, once exited
	public   string
	internal string
	errors   *tail
}

// start runs `userd dev` and returns when it is ready.
func (w *world) start() *process {
	w.t.Helper()
	p, err := w.launch("dev")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.kill)
	return p
}

// launch runs userd and returns when it printed its ready line, or with what it printed instead.
func (w *world) launch(args ...string) (*process, error) { return w.launchUnder(nil, args...) }

// launchUnder is launch by another program, which runs the one whose arguments follow its own.
func (w *world) launchUnder(program []string, args ...string) (*process, error) {
	p, err := w.beginUnder(program, args...)
	if err != nil {
		return nil, err
	}
	select {
	case line := <-p.lines:
		p.ready = fields(line)
		p.public, p.internal = "http://"+p.ready["http"], "http://"+p.ready["internal"]
		return p, nil
	case <-p.exited:
		return nil, errors.New(p.errors.String())
	case <-time.After(startTime):
		p.kill()
		return nil, errors.New("userd was not ready in time: " + p.errors.String())
	}
}

// begin runs userd and does not wait for it.
func (w *world) begin(args ...string) (*process, error) { return w.beginUnder(nil, args...) }

func (w *world) beginUnder(program []string, args ...string) (*process, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	args = append(append(slices.Clone(program), path), args...)
	p := &process{cmd: exec.Command(args[0], args[1:]...), lines: make(chan string, 1), exited: make(chan struct{}), errors: &tail{}}
	p.cmd.Env, p.cmd.Stderr = w.env, p.errors
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			if strings.HasPrefix(scanner.Text(), "ready ") {
				p.lines <- scanner.Text()
			}
		}
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.exited
}

// stop asks the process to end and returns how it did.
func (p *process) stop(t testing.TB) error {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
		return p.err
	case <-time.After(30 * time.Second):
		p.kill()
		t.Fatal("userd did not stop within 30 s of SIGTERM: ", p.errors.String())
		return nil
	}
}

func fields(line string) map[string]string {
	found := make(map[string]string)
	for _, field := range strings.Fields(line) {
		if name, value, ok := strings.Cut(field, "="); ok {
			found[name] = value
		}
	}
	return found
}

// tail keeps what a process wrote to its standard error.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (o *tail) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	return len(p), nil
}

func (o *tail) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// nextMail is the next mail to an address.
func (w *world) nextMail(to string) smtpcatcher.Mail {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	mail, err := w.mail.Wait(ctx, to)
	if err != nil {
		w.t.Fatalf("no mail came for %s: %v", to, err)
	}
	return mail
}

var client = &http.Client{
	Timeout:   30 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 256},
}
