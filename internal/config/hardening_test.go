package config_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"am-user-management/internal/config"
)

// refused fails the test unless serve refuses to start because of that setting alone.
func refused(t *testing.T, name, value string) {
	t.Helper()
	environ := maps.Clone(serveable())
	environ[name] = value
	_, err := config.Load(getenv(environ), config.Serve)
	if err == nil || !strings.Contains(err.Error(), "1 fault(s)") || !strings.Contains(err.Error(), name+":") {
		t.Errorf("%s=%s: %v", name, value, err)
		return
	}
	if secret := strings.Contains(name, "SECRET") || strings.Contains(name, "KE") || strings.HasSuffix(name, "URL"); secret && value != "" && strings.Contains(err.Error(), value) {
		t.Errorf("%s: the fault quotes the value: %v", name, err)
	}
}

// TestR20WeakOrMissingSecretsDoNotStart is a part of S84.
func TestR20WeakOrMissingSecretsDoNotStart(t *testing.T) {
	for _, name := range []string{"SERVER_SECRET", "KEYRING_KEK", "INTERNAL_API_KEYS", "DATABASE_URL", "EVENTSTORE_URL"} {
		refused(t, name, "")
	}
	for name, values := range map[string][]string{
		"SERVER_SECRET":     {"short", strings.Repeat("x", 31)},
		"KEYRING_KEK":       {"not base64", "c2hvcnQ=", kek + kek, strings.TrimRight(kek, "=")},
		"INTERNAL_API_KEYS": {"tokens:short", "tokens", ":0123456789abcdef", "a:0123456789abcdef,b:0123456789abcdef", "a:0123456789abcdef,a:fedcba9876543210"},
	} {
		for _, value := range values {
			refused(t, name, value)
		}
	}
}

// TestR20OtherMachinesAreVerified is a part of S84: TLS with a verified certificate, and nothing that looks like it.
func TestR20OtherMachinesAreVerified(t *testing.T) {
	for _, mode := range []string{"require", "prefer", "allow"} {
		refused(t, "DATABASE_URL", "postgres://u:canary@db.example.com/users?sslmode="+mode)
	}
	refused(t, "DATABASE_URL", "postgres://u:canary@db.example.com/users")
	refused(t, "EVENTSTORE_URL", "esdb://admin:canary@es.example.com:2113?tlsVerifyCert=false")
	for _, good := range []string{
		"postgres://u:p@db.example.com/users?sslmode=verify-full", "postgres://u:p@db.example.com/users?sslmode=disable",
		"postgres://u:p@127.0.0.1/users",
	} {
		environ := maps.Clone(serveable())
		environ["DATABASE_URL"] = good
		if _, err := config.Load(getenv(environ), config.Serve); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// TestR19ProxiesAndOriginsAreNamed: nobody is trusted by default, and everybody cannot be.
func TestR19ProxiesAndOriginsAreNamed(t *testing.T) {
	for _, value := range []string{"0.0.0.0/0", "::/0", "10.0.0.1", "10.0.0.0/33", "proxy.example.com", "10.0.0.0/8;11.0.0.0/8"} {
		refused(t, "TRUSTED_PROXIES", value)
	}
	for _, value := range []string{
		"*", "https://*.example.com", "https://app.example.com/", "https://app.example.com/x", "app.example.com", "https://App.example.com",
		"http://app.example.com", "https://u@app.example.com", "https://app.example.com:443", "null", "https://app?.example.com", "file://x",
	} {
		refused(t, "CORS_ALLOWED_ORIGINS", value)
	}
	environ := maps.Clone(serveable())
	environ["TRUSTED_PROXIES"], environ["CORS_ALLOWED_ORIGINS"] = "10.0.0.0/8,fd00::/8", "https://app.example.com,http://localhost:3000,https://admin.example.com:8443"
	c, err := config.Load(getenv(environ), config.Serve)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Process.TrustedProxies) != 2 || c.Process.TrustedProxies[1].String() != "fd00::/8" ||
		!slices.Equal(c.Process.CORSOrigins, []string{"https://app.example.com", "http://localhost:3000", "https://admin.example.com:8443"}) {
		t.Errorf("%+v", c.Process)
	}
	if c, err := config.Load(getenv(serveable()), config.Serve); err != nil || len(c.Process.TrustedProxies)+len(c.Process.CORSOrigins) != 0 {
		t.Errorf("by default: %+v, %v", c.Process, err)
	}
}
