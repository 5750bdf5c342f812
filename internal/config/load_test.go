package config_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"am-user-management/internal/config"
)

var kek = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))

// somePepper is long enough for a pepper.
var somePepper = kek

// serveable is the least that serve starts with.
func serveable() map[string]string {
	return map[string]string{
		"DATABASE_URL":      "postgres://u:canary-db@127.0.0.1:5432/users",
		"EVENTSTORE_URL":    "esdb://admin:canary-es@127.0.0.1:2113?tls=false",
		"SERVER_SECRET":     "canary-server-secret-of-32-bytes!",
		"KEYRING_KEK":       kek,
		"INTERNAL_API_KEYS": "tokens:canary-internal-key-1, billing:canary-internal-key-2",
		"PUBLIC_URL":        "https://accounts.example.com/",
		"SMTP_URL":          "smtps://mailer:canary-smtp@mail.example.com",
		"MAIL_FROM":         "Accounts <no-reply@example.com>",
	}
}

func getenv(environ map[string]string) func(string) string {
	return func(name string) string { return environ[name] }
}

func TestServeStartsWithDefaults(t *testing.T) {
	c, err := config.Load(getenv(serveable()), config.Serve)
	if err != nil {
		t.Fatal(err)
	}
	if c.Account.SessionIdleTTL != 2*time.Hour || c.Profile.MaxBioLength != 500 || c.Process.LogLevel != slog.LevelInfo ||
		c.Roles.Hierarchy["admin"][0] != "editor" || len(c.Profile.AllowedPictureFormats) != 2 {
		t.Errorf("defaults are not as documented: %+v", c)
	}
	if c.Process.PublicURL != "https://accounts.example.com" {
		t.Errorf("PublicURL = %q, want no trailing slash", c.Process.PublicURL)
	}
	if c.Stores.KeyringDatabaseURL != c.Stores.DatabaseURL {
		t.Error("the key ring must default to DATABASE_URL")
	}
	if len(c.Trust.InternalAPIKeys) != 2 || c.Trust.InternalAPIKeys[1].Key.Text() != "canary-internal-key-2" {
		t.Errorf("service keys = %v", c.Trust.InternalAPIKeys)
	}
	if key, err := c.Trust.KEK(); err != nil || len(key) != 32 {
		t.Errorf("KEK = %d bytes, %v", len(key), err)
	}
}

func TestEachFaultIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		set  map[string]string
		want string // the variable blamed
	}{
		"no database":                    {map[string]string{"DATABASE_URL": ""}, "DATABASE_URL"},
		"database is no DSN":             {map[string]string{"DATABASE_URL": "mysql://canary"}, "DATABASE_URL"},
		"silent fall-back to plain":      {map[string]string{"DATABASE_URL": "postgres://u:canary@db.example.com/x"}, "DATABASE_URL"},
		"unverified TLS":                 {map[string]string{"DATABASE_URL": "postgres://db.example.com/x?sslmode=require"}, "DATABASE_URL"},
		"key ring over unverified TLS":   {map[string]string{"KEYRING_DATABASE_URL": "postgres://db.example.com/x?sslmode=require"}, "KEYRING_DATABASE_URL"},
		"no event store":                 {map[string]string{"EVENTSTORE_URL": ""}, "EVENTSTORE_URL"},
		"event store of another kind":    {map[string]string{"EVENTSTORE_URL": "http://canary"}, "EVENTSTORE_URL"},
		"event store unverified":         {map[string]string{"EVENTSTORE_URL": "esdb://a,b:2113?tlsVerifyCert=false"}, "EVENTSTORE_URL"},
		"no secret":                      {map[string]string{"SERVER_SECRET": ""}, "SERVER_SECRET"},
		"short secret":                   {map[string]string{"SERVER_SECRET": "canary"}, "SERVER_SECRET"},
		"KEK is not base64":              {map[string]string{"KEYRING_KEK": "canary!"}, "KEYRING_KEK"},
		"KEK is short":                   {map[string]string{"KEYRING_KEK": "Y2FuYXJ5"}, "KEYRING_KEK"},
		"pepper without id":              {map[string]string{"PASSWORD_PEPPERS": "canary"}, "PASSWORD_PEPPERS"},
		"short pepper":                   {map[string]string{"PASSWORD_PEPPERS": "a:Y2FuYXJ5"}, "PASSWORD_PEPPERS"},
		"pepper with a long id":          {map[string]string{"PASSWORD_PEPPERS": "ninechars:" + somePepper}, "PASSWORD_PEPPERS"},
		"pepper with the server's id":    {map[string]string{"PASSWORD_PEPPERS": "server:" + somePepper}, "PASSWORD_PEPPERS"},
		"same pepper twice":              {map[string]string{"PASSWORD_PEPPERS": "a:" + somePepper + ",a:" + somePepper}, "PASSWORD_PEPPERS"},
		"no service keys":                {map[string]string{"INTERNAL_API_KEYS": ""}, "INTERNAL_API_KEYS"},
		"service key without name":       {map[string]string{"INTERNAL_API_KEYS": "canary-of-many-characters"}, "INTERNAL_API_KEYS"},
		"short service key":              {map[string]string{"INTERNAL_API_KEYS": "a:canary"}, "INTERNAL_API_KEYS"},
		"same service twice":             {map[string]string{"INTERNAL_API_KEYS": "a:canary-canary-01,a:canary-canary-02"}, "INTERNAL_API_KEYS"},
		"same key twice":                 {map[string]string{"INTERNAL_API_KEYS": "a:canary-canary-01,b:canary-canary-01"}, "INTERNAL_API_KEYS"},
		"no public URL":                  {map[string]string{"PUBLIC_URL": ""}, "PUBLIC_URL"},
		"public URL in the clear":        {map[string]string{"PUBLIC_URL": "http://accounts.example.com"}, "PUBLIC_URL"},
		"public URL with user":           {map[string]string{"PUBLIC_URL": "https://canary@accounts.example.com"}, "PUBLIC_URL"},
		"public URL with query":          {map[string]string{"PUBLIC_URL": "https://accounts.example.com?a=canary"}, "PUBLIC_URL"},
		"public URL as a script":         {map[string]string{"PUBLIC_URL": "javascript:canary"}, "PUBLIC_URL"},
		"no mail server":                 {map[string]string{"SMTP_URL": ""}, "SMTP_URL"},
		"password in the clear":          {map[string]string{"SMTP_URL": "smtp://u:canary@mail.example.com?starttls=never"}, "SMTP_URL"},
		"no sender":                      {map[string]string{"MAIL_FROM": ""}, "MAIL_FROM"},
		"sender is no address":           {map[string]string{"MAIL_FROM": "canary"}, "MAIL_FROM"},
		"token service without key":      {map[string]string{"TOKEN_SERVICE_URL": "http://tokens"}, "TOKEN_SERVICE_KEY"},
		"token service is no URL":        {map[string]string{"TOKEN_SERVICE_URL": "canary", "TOKEN_SERVICE_KEY": "canary-canary-canary"}, "TOKEN_SERVICE_URL"},
		"token key with a line break":    {map[string]string{"TOKEN_SERVICE_URL": "http://t", "TOKEN_SERVICE_KEY": "canary-canary\r\ncanary"}, "TOKEN_SERVICE_KEY"},
		"admin without password":         {map[string]string{"BOOTSTRAP_ADMIN_EMAIL": "a@example.com"}, "BOOTSTRAP_ADMIN_PASSWORD"},
		"admin without address":          {map[string]string{"BOOTSTRAP_ADMIN_PASSWORD": "canary-canary"}, "BOOTSTRAP_ADMIN_EMAIL"},
		"address without port":           {map[string]string{"HTTP_ADDR": "canary"}, "HTTP_ADDR"},
		"one address for both listeners": {map[string]string{"INTERNAL_ADDR": "127.0.0.1:8080"}, "INTERNAL_ADDR"},
		"log level":                      {map[string]string{"LOG_LEVEL": "canary"}, "LOG_LEVEL"},
		"log format":                     {map[string]string{"LOG_FORMAT": "canary"}, "LOG_FORMAT"},
		"flag":                           {map[string]string{"ENABLE_USER_PROFILE": "canary"}, "ENABLE_USER_PROFILE"},
		"number":                         {map[string]string{"TRIAL_DAYS": "canary"}, "TRIAL_DAYS"},
		"number too small":               {map[string]string{"PASSWORD_MIN_LENGTH": "7"}, "PASSWORD_MIN_LENGTH"},
		"memory below one lane":          {map[string]string{"ARGON2_MEMORY_KIB": "7"}, "ARGON2_MEMORY_KIB"},
		"number overflows":               {map[string]string{"ARGON2_PARALLELISM": "256"}, "ARGON2_PARALLELISM"},
		"duration":                       {map[string]string{"RESET_TOKEN_TTL": "canary"}, "RESET_TOKEN_TTL"},
		"duration without unit":          {map[string]string{"VERIFY_TOKEN_TTL": "24"}, "VERIFY_TOKEN_TTL"},
		"duration below zero":            {map[string]string{"LOCKOUT_BASE": "-1h"}, "LOCKOUT_BASE"},
		"idle longer than absolute":      {map[string]string{"SESSION_IDLE_TTL": "48h"}, "SESSION_IDLE_TTL"},
		"picture format":                 {map[string]string{"ALLOWED_PICTURE_FORMATS": "jpg,.canary"}, "ALLOWED_PICTURE_FORMATS"},
		"currency":                       {map[string]string{"DEFAULT_CURRENCY": "canary"}, "DEFAULT_CURRENCY"},
		"default role unknown":           {map[string]string{"DEFAULT_ROLE": "canary"}, "DEFAULT_ROLE"},
		"hierarchy is no JSON":           {map[string]string{"ROLE_HIERARCHY": "{canary"}, "ROLE_HIERARCHY"},
		"hierarchy in a circle":          {map[string]string{"ROLE_HIERARCHY": `{"a":["b"],"b":["c"],"c":["a"]}`}, "ROLE_HIERARCHY"},
	} {
		t.Run(name, func(t *testing.T) {
			environ := serveable()
			maps.Copy(environ, test.set)
			_, err := config.Load(getenv(environ), config.Serve)
			invalid, ok := errors.AsType[*config.InvalidError](err)
			if !ok {
				t.Fatalf("Load = %v, want an InvalidError", err)
			}
			if len(invalid.Faults) != 1 || invalid.Faults[0].Name != test.want {
				t.Errorf("faults = %v, want one of %s", invalid.Faults, test.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the message quotes a value: %v", err)
			}
		})
	}
}

func TestAllFaultsComeAtOnce(t *testing.T) {
	_, err := config.Load(getenv(map[string]string{"TRIAL_DAYS": "x", "LOCKOUT_BASE": "y"}), config.Serve)
	if err == nil {
		t.Fatal("an empty environment is not enough to serve")
	}
	for _, name := range []string{
		"DATABASE_URL", "EVENTSTORE_URL", "SERVER_SECRET", "KEYRING_KEK", "INTERNAL_API_KEYS", "PUBLIC_URL",
		"SMTP_URL", "MAIL_FROM", "TRIAL_DAYS", "LOCKOUT_BASE",
	} {
		if strings.Count(err.Error(), "\n  "+name+": ") != 1 {
			t.Errorf("%s is not named once in:\n%v", name, err)
		}
	}
}

func TestWhatServeAccepts(t *testing.T) {
	for name, set := range map[string]map[string]string{
		"mail off":                         {"ENABLE_EMAIL_SERVICE": "false", "SMTP_URL": "", "MAIL_FROM": ""},
		"verified TLS":                     {"DATABASE_URL": "postgres://db.example.com/x?sslmode=verify-full"},
		"plain, said in so many words":     {"DATABASE_URL": "postgres://postgres/x?sslmode=disable"},
		"unix socket":                      {"DATABASE_URL": "host=/run/postgresql dbname=users user=u"},
		"cluster":                          {"EVENTSTORE_URL": "esdb://u:p@a:2113,b:2113,c:2113?tls=true"},
		"http on this machine":             {"PUBLIC_URL": "http://localhost:8080"},
		"port chosen by the system, twice": {"HTTP_ADDR": "127.0.0.1:0", "INTERNAL_ADDR": "127.0.0.1:0"},
		"peppers":                          {"PASSWORD_PEPPERS": "new:" + somePepper + ", old:" + somePepper},
		"role of one's own":                {"ROLE_HIERARCHY": `{"guest":[]}`, "DEFAULT_ROLE": "guest"},
	} {
		t.Run(name, func(t *testing.T) {
			environ := serveable()
			maps.Copy(environ, set)
			if _, err := config.Load(getenv(environ), config.Serve); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAccountsAreNotVerifiedWithoutMail(t *testing.T) {
	environ := serveable()
	environ["ENABLE_EMAIL_SERVICE"] = "false"
	c, err := config.Load(getenv(environ), config.Serve)
	if err != nil || c.VerifiesEmail() {
		t.Errorf("VerifiesEmail = %v, %v; nobody could ever log in", c.VerifiesEmail(), err)
	}
}

func TestNodeNeedsNoSecrets(t *testing.T) {
	if _, err := config.Load(getenv(nil), config.Node); err != nil {
		t.Error(err)
	}
}

func TestSecretFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, "canary-server-secret-from-the-file\n")
	environ := serveable()
	delete(environ, "SERVER_SECRET")
	environ["SERVER_SECRET_FILE"] = path
	c, err := config.Load(getenv(environ), config.Serve)
	if err != nil || c.Trust.ServerSecret.Text() != "canary-server-secret-from-the-file" {
		t.Errorf("secret = %q, %v", c.Trust.ServerSecret.Text(), err)
	}
}

func TestSecretFileFaults(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, "\n")
	for name, test := range map[string]struct{ value, path, want string }{
		"missing": {"", "canary/does/not/exist", "SERVER_SECRET_FILE"},
		"empty":   {"", empty, "SERVER_SECRET_FILE"},
		"both":    {"canary-server-secret-of-32-bytes!", empty, "SERVER_SECRET"},
	} {
		t.Run(name, func(t *testing.T) {
			environ := serveable()
			environ["SERVER_SECRET"], environ["SERVER_SECRET_FILE"] = test.value, test.path
			_, err := config.Load(getenv(environ), config.Serve)
			if err == nil || !strings.Contains(err.Error(), test.want+": ") || strings.Contains(err.Error(), "canary") {
				t.Errorf("Load = %v, want a fault of %s that quotes nothing", err, test.want)
			}
		})
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	environ := serveable()
	environ["TOKEN_SERVICE_KEY"] = "canary-token-service-key"
	c, err := config.Load(getenv(environ), config.Serve)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c, "secret", c.Trust.ServerSecret)
	shown := fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.Trust.ServerSecret, c.Trust.ServerSecret) + log.String()
	if strings.Contains(shown, "canary") || strings.Contains(shown, kek) {
		t.Errorf("a secret is shown: %s", shown)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
