package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor times under /proc: USER_HZ, which is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// process is what /proc says of one. own is its processor time, waited that of its children that ended.
type process struct {
	pid, parent int
	name        string
	own, waited time.Duration
}

// processes lists all; none where there is no /proc, and then no processor times are shown.
func processes() map[int]process {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	all := make(map[int]process, len(files))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil { // it may have ended meanwhile
			if p, ok := parseProcess(text); ok {
				all[p.pid] = p
			}
		}
	}
	return all
}

// parseProcess reads "pid (name) state ppid …"; the name may contain anything.
func parseProcess(text []byte) (p process, ok bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return p, false
	}
	fields := strings.Fields(string(text[end+1:]))
	const parent, user, system, waitedUser, waitedSystem = 1, 11, 12, 13, 14
	if len(fields) <= waitedSystem {
		return p, false
	}
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		ok = ok && err == nil
		return n
	}
	ok = true
	p.name = string(text[open+1 : end])
	p.pid, p.parent = number(strings.TrimSpace(string(text[:open]))), number(fields[parent])
	p.own = time.Duration(number(fields[user])+number(fields[system])) * tick
	p.waited = time.Duration(number(fields[waitedUser])+number(fields[waitedSystem])) * tick
	return p, ok
}

// treeTime is the processor time of a process and all below it, those that ended included.
func treeTime(all map[int]process, root int) time.Duration {
	total := time.Duration(0)
	for pid, p := range all {
		for at, there := p, true; there; at, there = all[at.parent] {
			if at.pid == root {
				total += all[pid].own + all[pid].waited
				break
			}
		}
	}
	return total
}

// childNamed is the pid of a child of ours, 0 if there is none.
func childNamed(name string) int {
	for pid, p := range processes() {
		if p.parent == os.Getpid() && p.name == name {
			return pid
		}
	}
	return 0
}

// peakMemory is the most memory that a process ever had resident, in MiB.
func peakMemory(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if kib, found := strings.CutPrefix(line, "VmHWM:"); found {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(kib), " kB"))
			return n / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d has no VmHWM", pid)
}

// usage is what the machine and we have used of its processors since it started.
type usage struct {
	at          time.Time
	busy, ours  time.Duration
	byProcess   map[int]process
	measureable bool
}

func now() usage {
	u := usage{at: time.Now(), byProcess: processes()}
	u.ours = treeTime(u.byProcess, os.Getpid())
	u.busy, u.measureable = busyTime()
	return u
}

// busyTime sums the first line of /proc/stat without idle and iowait.
func busyTime() (time.Duration, bool) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(text), "\n")
	total := 0
	const idle, iowait, guest = 4, 5, 9
	for i, field := range strings.Fields(first) {
		if n, err := strconv.Atoi(field); err == nil && i != idle && i != iowait && i < guest {
			total += n
		}
	}
	return time.Duration(total) * tick, true
}

// foreign is the share of the machine that others took between two usages.
func foreign(from, to usage) float64 {
	whole := to.at.Sub(from.at) * time.Duration(runtime.NumCPU())
	if !to.measureable || whole <= 0 {
		return 0
	}
	return min(max(float64((to.busy-from.busy)-(to.ours-from.ours))/float64(whole), 0), 1)
}
