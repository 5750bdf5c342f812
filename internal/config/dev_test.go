package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"am-user-management/internal/config"
)

func TestDevMakesSecretsOnce(t *testing.T) {
	dir := t.TempDir()
	environ := map[string]string{"DATA_DIR": dir}
	first, err := config.Load(getenv(environ), config.Dev)
	if err != nil {
		t.Fatal(err)
	}
	second, err := config.Load(getenv(environ), config.Dev)
	if err != nil {
		t.Fatal(err)
	}
	if first.Trust.KeyringKEK != second.Trust.KeyringKEK || first.Trust.ServerSecret != second.Trust.ServerSecret ||
		first.Trust.InternalAPIKeys[0] != second.Trust.InternalAPIKeys[0] ||
		first.Trust.BootstrapAdminPassword != second.Trust.BootstrapAdminPassword {
		t.Error("a restart must read the secrets of the first start")
	}
	if first.Trust.KeyringKEK == first.Trust.ServerSecret {
		t.Error("every secret is its own")
	}
	err = filepath.WalkDir(filepath.Join(dir, "secrets"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, others may read it", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDevStartsAtTheSameTimeAgree(t *testing.T) {
	environ := map[string]string{"DATA_DIR": t.TempDir()}
	var all [8]config.Config
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			c, err := config.Load(getenv(environ), config.Dev)
			if err != nil {
				t.Error(err)
			}
			all[i] = c
		})
	}
	wait.Wait()
	for _, c := range all {
		if c.Trust.KeyringKEK != all[0].Trust.KeyringKEK {
			t.Fatal("two starts at once use different keys")
		}
	}
}

func TestDevTakesWhatIsGiven(t *testing.T) {
	environ := serveable()
	environ["DATA_DIR"] = t.TempDir()
	c, err := config.Load(getenv(environ), config.Dev)
	if err != nil || c.Trust.ServerSecret.Text() != environ["SERVER_SECRET"] || c.Process.PublicURL != "https://accounts.example.com" {
		t.Errorf("Load = %+v, %v", c, err)
	}
}

func TestDevIsReachableWhenItListensEverywhere(t *testing.T) {
	c, err := config.Load(getenv(map[string]string{"DATA_DIR": t.TempDir(), "HTTP_ADDR": "0.0.0.0:9000"}), config.Dev)
	if err != nil || c.Process.PublicURL != "http://localhost:9000" {
		t.Errorf("PublicURL = %q, %v", c.Process.PublicURL, err)
	}
}

func TestDevRefusesAnEmptiedSecret(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "secrets", "keyring_kek"), "")
	if _, err := config.Load(getenv(map[string]string{"DATA_DIR": dir}), config.Dev); err == nil {
		t.Error("a new key beside old data would make the data unreadable")
	}
}
