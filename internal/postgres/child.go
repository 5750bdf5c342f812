package postgres

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// child is the server's process.
type child struct {
	ready chan struct{} // closed when it takes connections
	done  chan struct{} // closed when it ended
	cmd   *exec.Cmd
	mu    sync.Mutex
	tail  []string // the last lines it printed
	err   error    // why it ended
}

// tailLines is how many printed lines an error shows.
const tailLines = 5

// spawn starts the process on a thread that lives as long as it does: the system tells a child of its parent's death
// when the thread that started it ends. It keeps the lock for as long: a Server that was forgotten, not stopped, still
// runs.
func spawn(cmd *exec.Cmd, lock *os.File, logger *slog.Logger) (*child, error) {
	c := &child{ready: make(chan struct{}), done: make(chan struct{}), cmd: cmd}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		c.read(stderr, logger)
		c.err = cmd.Wait()
		runtime.KeepAlive(lock)
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// read passes on what the server prints until it ends, and sees in it when the server is ready.
func (c *child) read(stderr io.Reader, logger *slog.Logger) {
	ready := false
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		line := lines.Text()
		logger.Debug(line, "source", "postgres")
		c.mu.Lock()
		c.tail = append(c.tail[max(0, len(c.tail)-tailLines+1):], line)
		c.mu.Unlock()
		if !ready && strings.Contains(line, "database system is ready to accept connections") {
			ready = true
			close(c.ready)
		}
	}
	_, _ = io.Copy(io.Discard, stderr) // after an overlong line the server must still be able to print
}

// failure is why the process ended, with what it printed last. Call it after done.
func (c *child) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.err
	if err == nil {
		err = errors.New("it ended")
	}
	return errors.Join(err, errors.New(strings.Join(c.tail, "; ")))
}

// signal sends a signal unless the process ended.
func (c *child) signal(signal syscall.Signal) {
	_ = c.cmd.Process.Signal(signal) // the only error is that it ended
}

// kill ends the process and its workers without clean-up and waits for its end.
func (c *child) kill() {
	c.signal(syscall.SIGQUIT)
	<-c.done
}
