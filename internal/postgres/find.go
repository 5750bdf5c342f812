package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// ErrNotInstalled is a machine without the programs of a PostgreSQL server, where they can't be installed without
// asking somebody either. Its text says what to install.
var ErrNotInstalled = errors.New(
	"no PostgreSQL server found: install PostgreSQL 14 or later (Debian, Ubuntu: apt install postgresql; " +
		"Fedora: dnf install postgresql-server; macOS: brew install postgresql), or set DATABASE_URL")

// folders are where the programs stand when they are not on PATH, as patterns of filepath.Glob.
var folders = [...]string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/local/pgsql/bin",
	"/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// Find returns the folder with the programs initdb and postgres: the one on PATH, else the newest of the usual
// folders. It returns ErrNotInstalled if there is none.
func Find() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(initdb); err == nil && complete(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	var found []string
	for _, pattern := range folders {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			continue // the patterns above are well formed
		}
		for _, dir := range matches {
			if complete(dir) {
				found = append(found, dir)
			}
		}
	}
	if len(found) == 0 {
		return "", ErrNotInstalled
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

// complete reports whether dir holds the programs of a server.
func complete(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, program)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// version is the last number in a path, such as 15 in /usr/lib/postgresql/15/bin; 0 where there is none.
func version(dir string) int {
	digits := strings.FieldsFunc(dir, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	number, err := strconv.Atoi(digits[len(digits)-1])
	if err != nil {
		return 0
	}
	return number
}

// findOrInstall is Find, and asks the system's package manager where that needs no question: as root on a machine
// with apt-get.
func findOrInstall(ctx context.Context) (string, error) {
	dir, err := Find()
	if err == nil || runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return dir, err
	}
	if _, lookErr := exec.LookPath("apt-get"); lookErr != nil {
		return "", err
	}
	if installErr := installOnce(ctx); installErr != nil {
		return "", fmt.Errorf("%w (tried apt-get: %w)", err, installErr)
	}
	return Find()
}

// installOnce installs the package unless it is there by the time it is our turn: test binaries run side by side, and
// the package manager serves one at a time.
func installOnce(ctx context.Context) error {
	turn, err := os.OpenFile(filepath.Join(os.TempDir(), "am-install-postgresql.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer turn.Close() //nolint:errcheck // it is the lock that matters, and it goes with the file
	if err := syscall.Flock(int(turn.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if _, err := Find(); err == nil {
		return nil
	}
	return install(ctx)
}

// install installs the package, with a fresh package list if the present one doesn't know it.
func install(ctx context.Context) error {
	apt := func(args ...string) error {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		return run(cmd)
	}
	packages := []string{"install", "-y", "-q", "--no-install-recommends", "postgresql"}
	if apt(packages...) == nil {
		return nil
	}
	if err := apt("update", "-q"); err != nil {
		return err
	}
	return apt(packages...)
}

// run runs a program and adds the last lines it printed to its error.
func run(cmd *exec.Cmd) error {
	output, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, strings.Join(lines[max(0, len(lines)-3):], "; "))
}
