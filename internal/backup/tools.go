package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/postgres"
)

// runTool runs pg_dump or pg_restore on a database. The password goes by the environment: others see command lines.
func runTool(ctx context.Context, name, database string, args ...string) error {
	address, password, err := withoutPassword(database)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, tool(name), append([]string{"--dbname=" + address}, args...)...)
	cmd.Env = os.Environ()
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(said.String()))
	}
	return nil
}

// tool is the program of that name beside the server's, if those are on this machine, else the one on PATH.
func tool(name string) string {
	if bin, err := postgres.Find(); err == nil {
		if path := filepath.Join(bin, name); exists(path) {
			return path
		}
	}
	return name
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var errNoURL = errors.New("is not a Postgres URL") // the cause may quote it

// withoutPassword takes the password from a URL, and what only pgx understands.
func withoutPassword(database string) (address, password string, err error) {
	parsed, err := url.Parse(database)
	if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
		return "", "", errNoURL
	}
	if parsed.User != nil {
		password, _ = parsed.User.Password()
		parsed.User = url.User(parsed.User.Username())
	}
	query := parsed.Query()
	if text := query.Get("password"); text != "" {
		password = text
		query.Del("password")
	}
	for key := range query {
		if strings.HasPrefix(key, "pool_") || key == "search_path" || strings.HasPrefix(key, "default_query_exec") {
			query.Del(key)
		}
	}
	parsed.RawQuery = query.Encode()
	return parsed.String(), password, nil
}

func connect(ctx context.Context, address string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, errors.New("Postgres does not answer at the address that is set") //nolint:staticcheck // a name; the cause may quote the address
	}
	return conn, nil
}
