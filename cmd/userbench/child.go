package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// childStop is how long a child may take to end by itself.
const childStop = 20 * time.Second

// child is a side in a child process.
type child struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	loads   *json.Encoder
	answers chan answer // closed when the child says nothing more
	address string
}

// startChild starts a side and waits until it is ready.
func startChild(ctx context.Context, name string, s settings, stderr io.Writer) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, sideCommand, name, string(text)) //nolint:noctx // ourselves; it ends with its input
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, stdin: stdin, loads: json.NewEncoder(stdin), answers: make(chan answer, 1)}
	go func() {
		defer close(c.answers)
		for decoder := json.NewDecoder(stdout); ; {
			var a answer
			if decoder.Decode(&a) != nil {
				return
			}
			c.answers <- a
		}
	}()
	ready, err := c.next(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("side %s: %w", name, err), c.stop())
	}
	c.address = ready.Address
	return c, nil
}

func (c *child) next(ctx context.Context) (answer, error) {
	select {
	case a, open := <-c.answers:
		if !open {
			return a, errors.New("ended early")
		}
		if a.Error != "" {
			return a, errors.New(a.Error)
		}
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// work has the child work off a load.
func (c *child) work(ctx context.Context, l load) (sample, error) {
	if err := c.loads.Encode(l); err != nil {
		return sample{}, err
	}
	a, err := c.next(ctx)
	return a.Sample, err
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop ends the child and waits for it.
func (c *child) stop() error {
	_ = c.stdin.Close() // an error means that it has ended already
	hard := time.AfterFunc(childStop, func() { _ = c.cmd.Process.Kill() })
	defer hard.Stop()
	for range c.answers { // Wait must come after the last read
	}
	return c.cmd.Wait()
}
