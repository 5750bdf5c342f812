// Package config turns the environment into one struct. It exists so that every setting has one name, one default and
// one check, that a wrong start says everything that is wrong at once, and that no secret is ever printed. It starts
// nothing and connects to nothing; the rest of the program is handed values and never reads the environment itself.
package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Mode is the program that the settings are for. It decides what is required and what may be made up.
type Mode int

// The modes.
const (
	// Serve is production: nothing is made up.
	Serve Mode = iota + 1
	// Dev is everything in one process on one machine: missing secrets are made once and kept under DATA_DIR.
	Dev
	// Node is the event store node alone: it needs no more than DATA_DIR, the log settings and the passwords of its users.
	Node
)

// Config is every setting. The names and defaults are listed, with a word on each, in .env.example.
type Config struct {
	Mode         Mode `env:"-"`
	Process      Process
	Stores       Stores
	Node         NodeUsers
	Trust        Trust
	Modules      Modules
	Account      Account
	Mail         Mail
	TokenService TokenService
	Profile      Profile
	Subscription Subscription
	Roles        Roles
}

// Process is where the process listens, logs and keeps its files.
type Process struct {
	HTTPAddr     string `env:"HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	InternalAddr string `env:"INTERNAL_ADDR" envDefault:"127.0.0.1:8081"`
	PublicURL    string `env:"PUBLIC_URL"` // no trailing slash
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES"`
	// CORSOrigins are the web origins whose scripts may call the public listener.
	CORSOrigins []string   `env:"CORS_ALLOWED_ORIGINS"`
	DataDir     string     `env:"DATA_DIR" envDefault:"./.data"`
	LogLevel    slog.Level `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat   string     `env:"LOG_FORMAT" envDefault:"json"` // json or text
	// OTelEndpoint is where traces go; empty means that none leave the process.
	OTelEndpoint    string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	OTelServiceName string `env:"OTEL_SERVICE_NAME" envDefault:"am-user-management"`
}

// Stores is where data is kept. In dev mode an empty URL means the embedded one.
type Stores struct {
	EventStoreURL Secret `env:"EVENTSTORE_URL"`
	DatabaseURL   Secret `env:"DATABASE_URL"`
	// KeyringDatabaseURL is the database of the key ring; Load sets it to DatabaseURL when it is not given.
	KeyringDatabaseURL Secret `env:"KEYRING_DATABASE_URL"`
}

// NodeUsers are the first passwords of the embedded event store, where it asks for any. The names are EventStoreDB's.
type NodeUsers struct {
	NodeAdminPassword Secret `env:"EVENTSTORE_DEFAULT_ADMIN_PASSWORD"`
	NodeOpsPassword   Secret `env:"EVENTSTORE_DEFAULT_OPS_PASSWORD"`
}

// Trust is what this service proves itself with, and whom it believes.
type Trust struct {
	// ServerSecret is what all derived tokens and keyed hashes come from.
	ServerSecret Secret `env:"SERVER_SECRET"`
	// KeyringKEK is base64 of the 32 bytes that wrap the keys of the key ring.
	KeyringKEK      Secret      `env:"KEYRING_KEK"`
	InternalAPIKeys ServiceKeys `env:"INTERNAL_API_KEYS"`
	// PasswordPeppers come before the one that follows from ServerSecret.
	PasswordPeppers        Peppers `env:"PASSWORD_PEPPERS"`
	BootstrapAdminEmail    string  `env:"BOOTSTRAP_ADMIN_EMAIL"`
	BootstrapAdminPassword Secret  `env:"BOOTSTRAP_ADMIN_PASSWORD"`
}

// Modules says which modules are mounted.
type Modules struct {
	AccountManagement bool `env:"ENABLE_ACCOUNT_MANAGEMENT" envDefault:"true"`
	UserProfile       bool `env:"ENABLE_USER_PROFILE" envDefault:"true"`
	Subscription      bool `env:"ENABLE_SUBSCRIPTION" envDefault:"true"`
	PermissionsRoles  bool `env:"ENABLE_PERMISSIONS_ROLES" envDefault:"true"`
	EmailService      bool `env:"ENABLE_EMAIL_SERVICE" envDefault:"true"`
}

// Account is the rules of passwords, sessions and tokens.
type Account struct {
	PasswordMinLength   int           `env:"PASSWORD_MIN_LENGTH" envDefault:"8"` // code points
	EmailVerification   bool          `env:"EMAIL_VERIFICATION_ENABLED" envDefault:"true"`
	EnumerationSafe     bool          `env:"SIGNUP_ENUMERATION_SAFE" envDefault:"false"`
	Argon2MemoryKiB     uint32        `env:"ARGON2_MEMORY_KIB" envDefault:"19456"`
	Argon2Time          uint32        `env:"ARGON2_TIME" envDefault:"2"`
	Argon2Parallelism   uint8         `env:"ARGON2_PARALLELISM" envDefault:"1"`
	SessionAbsoluteTTL  time.Duration `env:"SESSION_ABSOLUTE_TTL" envDefault:"24h"`
	SessionIdleTTL      time.Duration `env:"SESSION_IDLE_TTL" envDefault:"2h"`
	ResetTokenTTL       time.Duration `env:"RESET_TOKEN_TTL" envDefault:"1h"`
	VerifyTokenTTL      time.Duration `env:"VERIFY_TOKEN_TTL" envDefault:"24h"`
	LockoutAttempts     int           `env:"LOCKOUT_ATTEMPTS" envDefault:"10"`
	LockoutBaseDuration time.Duration `env:"LOCKOUT_BASE" envDefault:"15m"`
}

// Mail is how mail leaves. In dev mode an empty URL means the built-in catcher.
type Mail struct {
	SMTPURL Secret `env:"SMTP_URL"`
	From    string `env:"MAIL_FROM"`
}

// TokenService is the service that issues tokens; an empty URL means that there is none to tell.
type TokenService struct {
	URL string `env:"TOKEN_SERVICE_URL"`
	Key Secret `env:"TOKEN_SERVICE_KEY"`
}

// Profile is the limits of profiles.
type Profile struct {
	MaxBioLength          int      `env:"MAX_BIO_LENGTH" envDefault:"500"` // code points
	AllowedPictureFormats []string `env:"ALLOWED_PICTURE_FORMATS" envDefault:"jpg,png"`
}

// Subscription is the terms of subscriptions.
type Subscription struct {
	TrialDays       int    `env:"TRIAL_DAYS" envDefault:"14"`
	DefaultCurrency string `env:"DEFAULT_CURRENCY" envDefault:"USD"` // ISO 4217
	AutoRenew       bool   `env:"AUTO_RENEW_ENABLED" envDefault:"true"`
}

// Roles is what a new user may do, and which role contains which.
type Roles struct {
	DefaultRole string    `env:"DEFAULT_ROLE" envDefault:"viewer"`
	Hierarchy   Hierarchy `env:"ROLE_HIERARCHY" envDefault:"{\"admin\":[\"editor\"],\"editor\":[\"viewer\"]}"`
}

// VerifiesEmail reports whether new accounts must prove their address: the flag is on and mail can be sent at all.
func (c Config) VerifiesEmail() bool {
	return c.Account.EmailVerification && c.Modules.EmailService
}

// TellsTokenService reports whether there is a token service to tell about new users.
func (c Config) TellsTokenService() bool { return c.TokenService.URL != "" }
