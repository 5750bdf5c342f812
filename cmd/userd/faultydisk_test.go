package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// disksVariable turns on the tests that need Linux with unshare, nsenter and strace; make test-disk sets it. What they
// are about is tested everywhere by package store, on disks of its own.
const disksVariable = "DISKS"

// A real small disk is filled by writers: the node ends with a message and an exit code, a start on the full disk says
// at once what is wrong, and when there is room again everything that was acknowledged is there.
func TestNodeOnAFullDisk(t *testing.T) {
	if os.Getenv(disksVariable) == "" {
		return
	}
	w := newNodeWorld(t)
	disk := newSmallDisk(t, w, 80<<20)
	p := disk.startNode()
	client := w.dial()
	defer client.Close()
	var acked []uuid.UUID
	var refused error
	for refused == nil {
		event := esdb.EventData{EventID: uuid.New(), EventType: "t", ContentType: esdb.ContentTypeBinary, Data: make([]byte, 256<<10)}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		_, refused = client.AppendToStream(ctx, "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, event)
		cancel()
		if refused == nil {
			acked = append(acked, event.EventID)
		}
	}
	if len(acked) == 0 {
		t.Error("the disk was too small from the start")
	}
	if !strings.Contains(refused.Error(), "no space left on device") {
		t.Errorf("the writer was told %v", refused)
	}
	<-p.exited
	exitsSaying(t, p.err, p.errors.String(), "no space left on device")

	began := time.Now()
	disk.fill()
	if p, err := disk.launch("node", "--data", w.data, "--listen", "unix:"+w.socket); err == nil {
		p.kill()
		t.Error("it started on a full disk")
	} else if !strings.Contains(err.Error(), "no space left on device: the event store needs") || time.Since(began) > 30*time.Second {
		t.Errorf("after %v the start ended with %v", time.Since(began), err)
	}

	disk.grow(200 << 20)
	disk.startNode()
	stream, err := client.ReadStream(t.Context(), "s", esdb.ReadStreamOptions{From: esdb.Start{}}, 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for i, id := range acked {
		event, err := stream.Recv()
		if err != nil || event.Event.EventID != id {
			t.Fatalf("event %d of %d that were acknowledged: %v", i, len(acked), err)
		}
	}
}

// A first start of everything on a disk that is too small for Postgres says how much room it needs.
func TestDevOnASmallDisk(t *testing.T) {
	if os.Getenv(disksVariable) == "" {
		return
	}
	w := newNodeWorld(t)
	disk := newSmallDisk(t, w, 50<<20)
	w.env = append(w.env, "DATA_DIR="+w.data, "HTTP_ADDR=127.0.0.1:0", "INTERNAL_ADDR=127.0.0.1:0")
	if p, err := disk.launch("dev"); err == nil {
		p.kill()
		t.Error("it started")
	} else if !strings.Contains(err.Error(), "a new database needs 64 MiB of free space in") {
		t.Errorf("the start ended with %v", err)
	}
}

// A sync that fails ends the node: the writer is not acknowledged, and the message names the error.
func TestNodeWhoseSyncFails(t *testing.T) {
	if os.Getenv(disksVariable) == "" {
		return
	}
	w := newNodeWorld(t)
	p := w.startNode()
	if err := p.stop(t); err != nil { // the folder is there now
		t.Fatal(err)
	}
	p, err := w.launchUnder([]string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=20+"},
		"node", "--data", w.data, "--listen", "unix:"+w.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	client := w.dial()
	defer client.Close()
	for err == nil {
		event := esdb.EventData{EventID: uuid.New(), EventType: "t", ContentType: esdb.ContentTypeBinary}
		_, err = client.AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, event)
	}
	if !strings.Contains(err.Error(), "input/output error") {
		t.Errorf("the writer was told %v", err)
	}
	<-p.exited
	exitsSaying(t, p.err, p.errors.String(), "input/output error")
}

// exitsSaying fails unless a process ended with an exit code of its own and a message that contains a text.
func exitsSaying(t *testing.T, err error, output, text string) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(output, text) {
		t.Errorf("ended with %v: %s", err, output)
	}
}

// smallDisk is a file system of its own in memory. It is mounted where only processes see it that are started with
// launch, and gone with the last of them.
type smallDisk struct {
	*nodeWorld
	keeper string // the process that keeps it
}

// newSmallDisk puts the node's folder on a disk of so many bytes.
func newSmallDisk(t *testing.T, w *nodeWorld, size int64) *smallDisk {
	t.Helper()
	if err := os.Mkdir(w.data, 0o700); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("mount -t tmpfs -o size=%d none %s && echo mounted && exec cat", size, w.data)
	keeper := exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)
	hold, err := keeper.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	says, err := keeper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	keeper.Stderr = os.Stderr
	if err := keeper.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hold.Close()
		keeper.Wait()
	})
	if n, err := says.Read(make([]byte, 16)); n == 0 {
		t.Fatal("a small disk cannot be mounted: ", err)
	}
	return &smallDisk{nodeWorld: w, keeper: fmt.Sprint(keeper.Process.Pid)}
}

func (d *smallDisk) enter() []string {
	return []string{"nsenter", "--target", d.keeper, "--user", "--mount", "--preserve-credentials"}
}

func (d *smallDisk) launch(args ...string) (*process, error) {
	return d.launchUnder(d.enter(), args...)
}

func (d *smallDisk) startNode() *process {
	d.t.Helper()
	p, err := d.launch("node", "--data", d.data, "--listen", "unix:"+d.socket)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(p.kill)
	return p
}

// fill takes what is left of the disk.
func (d *smallDisk) fill() {
	d.t.Helper()
	d.do("sh", "-c", "cat /dev/zero > "+d.data+"/filler 2>/dev/null || true")
}

// grow frees what fill took, and makes the disk larger.
func (d *smallDisk) grow(size int64) {
	d.t.Helper()
	d.do("sh", "-c", fmt.Sprintf("rm %s/filler && mount -o remount,size=%d %s", d.data, size, d.data))
}

func (d *smallDisk) do(args ...string) {
	d.t.Helper()
	args = append(d.enter(), args...)
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		d.t.Fatalf("%v: %v: %s", args, err, out)
	}
}
