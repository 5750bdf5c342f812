package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// What dev mode says for settings that it needs and that need not be secret.
const (
	devMailFrom   = "am-user-management <no-reply@localhost>"
	devAdminEmail = "admin@example.com"
	devServiceKey = "dev"
)

// fillDev gives values to what dev mode can do without. Secrets are random, made once, and kept under
// DATA_DIR/secrets, so that the next start reads the data of this one.
func (c *Config) fillDev(found *faults) error {
	if c.Process.PublicURL == "" {
		c.Process.PublicURL = "http://" + reachable(c.Process.HTTPAddr)
	}
	if c.Mail.From == "" {
		c.Mail.From = devMailFrom
	}
	if c.Trust.BootstrapAdminEmail == "" && !c.Trust.BootstrapAdminPassword.IsSet() {
		c.Trust.BootstrapAdminEmail = devAdminEmail
	}
	secrets := keptSecrets{dir: filepath.Join(c.Process.DataDir, "secrets")}
	for name, target := range map[string]*Secret{
		"SERVER_SECRET":            &c.Trust.ServerSecret,
		"KEYRING_KEK":              &c.Trust.KeyringKEK,
		"BOOTSTRAP_ADMIN_PASSWORD": &c.Trust.BootstrapAdminPassword,
		"TOKEN_SERVICE_KEY":        &c.TokenService.Key,
	} {
		if target.IsSet() || found.has(name) {
			continue
		}
		text, err := secrets.kept(name)
		if err != nil {
			return err
		}
		*target = NewSecret(text)
	}
	if len(c.Trust.InternalAPIKeys) == 0 && !found.has("INTERNAL_API_KEYS") {
		text, err := secrets.kept("INTERNAL_API_KEYS")
		if err != nil {
			return err
		}
		c.Trust.InternalAPIKeys = ServiceKeys{{Name: devServiceKey, Key: NewSecret(text)}}
	}
	return nil
}

// reachable is addr as a browser on this machine writes it.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// keptSecrets is a folder with one file per secret, readable by its owner only.
type keptSecrets struct{ dir string }

// kept is the secret of that name: the one in its file, or a new one that is on disk when kept returns.
func (k keptSecrets) kept(name string) (string, error) {
	path := filepath.Join(k.dir, strings.ToLower(name))
	text, err := os.ReadFile(path)
	switch {
	case err == nil && len(strings.TrimSpace(string(text))) > 0:
		return strings.TrimSpace(string(text)), nil
	case err == nil:
		return "", errors.New("the secret kept at " + path + " is empty")
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return "", err
	}
	var random [kekBytes]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	if err := k.publish(path, base64.StdEncoding.EncodeToString(random[:])); err != nil {
		return "", err
	}
	// Another process may have been first: what is on disk now is the secret of both.
	text, err = os.ReadFile(path)
	return string(text), err
}

// publish writes text to path unless there is one already; readers see all of it or nothing.
func (k keptSecrets) publish(path, text string) error {
	draft, err := os.CreateTemp(k.dir, ".draft-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // a left-over draft does no harm
	_, err = draft.WriteString(text)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	dir, err := os.Open(k.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
