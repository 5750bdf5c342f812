package config

import (
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	smtp "am-user-management/internal/mail"
)

// What is too weak or too large to start with.
const (
	minServerSecret = 32 // bytes
	kekBytes        = 32
	minKeyLength    = 16
	minNodePassword = 12
	maxTTL          = 10 * 365 * 24 * time.Hour
	maxTrialDays    = 3650
	maxArgon2KiB    = 4 << 20 // 4 GiB
	maxPasswordMin  = 64
	maxBioLimit     = 100_000
)

var (
	currency      = regexp.MustCompile(`^[A-Z]{3}$`)
	pictureFormat = regexp.MustCompile(`^[a-z0-9]{1,10}$`)
)

func (c Config) validate(found *faults) {
	found.check(c.Process.DataDir != "", "DATA_DIR", "must be a folder")
	found.check(c.Process.LogFormat == "json" || c.Process.LogFormat == "text", "LOG_FORMAT", "must be json or text")
	if c.Mode == Node {
		c.Node.validate(found)
		return
	}
	c.Process.validate(found)
	c.Stores.validate(found, c.Mode)
	c.Trust.validate(found)
	c.Account.validate(found)
	c.validateMail(found)
	c.TokenService.validate(found)
	c.Profile.validate(found)
	c.Subscription.validate(found)
	c.Roles.validate(found)
}

// validate refuses passwords that others would try first; EventStoreDB's own, which every manual names, is one of them.
func (n NodeUsers) validate(found *faults) {
	checkNodePassword(found, "EVENTSTORE_DEFAULT_ADMIN_PASSWORD", n.NodeAdminPassword)
	checkNodePassword(found, "EVENTSTORE_DEFAULT_OPS_PASSWORD", n.NodeOpsPassword)
}

func checkNodePassword(found *faults, name string, password Secret) {
	found.check(password.text != "changeit", name, "must not be the one that everybody knows")
	found.check(!password.IsSet() || len(password.text) >= minNodePassword, name, "must have at least 12 characters")
}

func (p Process) validate(found *faults) {
	checkAddr(found, "HTTP_ADDR", p.HTTPAddr)
	checkAddr(found, "INTERNAL_ADDR", p.InternalAddr)
	if _, port, err := net.SplitHostPort(p.HTTPAddr); err == nil && port != "0" {
		found.check(p.HTTPAddr != p.InternalAddr, "INTERNAL_ADDR", "must differ from HTTP_ADDR")
	}
	checkPublicURL(found, p.PublicURL)
	for _, network := range p.TrustedProxies {
		found.check(network.Bits() > 0, "TRUSTED_PROXIES", "must not trust every network")
	}
	for _, origin := range p.CORSOrigins {
		checkOrigin(found, "CORS_ALLOWED_ORIGINS", origin)
	}
	if p.OTelEndpoint != "" {
		checkOutboundURL(found, "OTEL_EXPORTER_OTLP_ENDPOINT", p.OTelEndpoint)
	}
}

func (s Stores) validate(found *faults, mode Mode) {
	checkRequired(found, mode, "EVENTSTORE_URL", s.EventStoreURL)
	checkRequired(found, mode, "DATABASE_URL", s.DatabaseURL)
	if s.EventStoreURL.IsSet() {
		checkEventStoreURL(found, s.EventStoreURL.text)
	}
	if s.DatabaseURL.IsSet() {
		checkDatabaseURL(found, "DATABASE_URL", s.DatabaseURL.text)
	}
	if s.KeyringDatabaseURL.IsSet() && s.KeyringDatabaseURL != s.DatabaseURL {
		checkDatabaseURL(found, "KEYRING_DATABASE_URL", s.KeyringDatabaseURL.text)
	}
}

func checkRequired(found *faults, mode Mode, name string, value Secret) {
	found.check(mode != Serve || value.IsSet(), name, "is required")
}

func (t Trust) validate(found *faults) {
	found.check(t.ServerSecret.IsSet(), "SERVER_SECRET", "is required")
	found.check(len(t.ServerSecret.text) >= minServerSecret, "SERVER_SECRET", "must have at least 32 bytes")
	if !t.KeyringKEK.IsSet() {
		found.add("KEYRING_KEK", "is required")
	} else if _, err := t.KEK(); err != nil {
		found.add("KEYRING_KEK", err.Error())
	}
	found.check(len(t.InternalAPIKeys) > 0, "INTERNAL_API_KEYS", "is required")
	if t.BootstrapAdminEmail != "" {
		found.check(isAddress(t.BootstrapAdminEmail), "BOOTSTRAP_ADMIN_EMAIL", "must be an e-mail address")
		found.check(t.BootstrapAdminPassword.IsSet(), "BOOTSTRAP_ADMIN_PASSWORD", "is required with BOOTSTRAP_ADMIN_EMAIL")
	} else {
		found.check(!t.BootstrapAdminPassword.IsSet(), "BOOTSTRAP_ADMIN_EMAIL", "is required with BOOTSTRAP_ADMIN_PASSWORD")
	}
}

func (a Account) validate(found *faults) {
	checkRange(found, "PASSWORD_MIN_LENGTH", a.PasswordMinLength, 8, maxPasswordMin)
	checkRange(found, "ARGON2_TIME", int(a.Argon2Time), 1, 100)
	checkRange(found, "ARGON2_PARALLELISM", int(a.Argon2Parallelism), 1, 255)
	checkRange(found, "ARGON2_MEMORY_KIB", int(a.Argon2MemoryKiB), 8*int(a.Argon2Parallelism), maxArgon2KiB)
	checkTTL(found, "SESSION_ABSOLUTE_TTL", a.SessionAbsoluteTTL)
	checkTTL(found, "SESSION_IDLE_TTL", a.SessionIdleTTL)
	found.check(a.SessionIdleTTL <= a.SessionAbsoluteTTL, "SESSION_IDLE_TTL", "must not exceed SESSION_ABSOLUTE_TTL")
	checkTTL(found, "RESET_TOKEN_TTL", a.ResetTokenTTL)
	checkTTL(found, "VERIFY_TOKEN_TTL", a.VerifyTokenTTL)
	checkRange(found, "LOCKOUT_ATTEMPTS", a.LockoutAttempts, 1, 1_000_000)
	checkTTL(found, "LOCKOUT_BASE", a.LockoutBaseDuration)
}

func (c Config) validateMail(found *faults) {
	if !c.Modules.EmailService {
		return
	}
	checkRequired(found, c.Mode, "SMTP_URL", c.Mail.SMTPURL)
	if c.Mail.SMTPURL.IsSet() {
		if _, err := smtp.ParseURL(c.Mail.SMTPURL.text); err != nil {
			found.add("SMTP_URL", err.Error())
		}
	}
	found.check(c.Mail.From != "", "MAIL_FROM", "is required")
	_, err := mail.ParseAddress(c.Mail.From)
	found.check(err == nil, "MAIL_FROM", "must be an address such as no-reply@example.com or Name <no-reply@example.com>")
}

func (t TokenService) validate(found *faults) {
	if t.URL == "" {
		return
	}
	checkOutboundURL(found, "TOKEN_SERVICE_URL", t.URL)
	found.check(t.Key.IsSet(), "TOKEN_SERVICE_KEY", "is required with TOKEN_SERVICE_URL")
	found.check(len(t.Key.text) >= minKeyLength, "TOKEN_SERVICE_KEY", "must have at least 16 characters")
	found.check(!strings.ContainsFunc(t.Key.text, func(r rune) bool { return r <= ' ' || r > '~' }),
		"TOKEN_SERVICE_KEY", "must be visible ASCII characters")
}

func (p Profile) validate(found *faults) {
	checkRange(found, "MAX_BIO_LENGTH", p.MaxBioLength, 0, maxBioLimit)
	found.check(len(p.AllowedPictureFormats) > 0, "ALLOWED_PICTURE_FORMATS", "must name at least one format")
	for _, format := range p.AllowedPictureFormats {
		found.check(pictureFormat.MatchString(format), "ALLOWED_PICTURE_FORMATS", "must be file extensions such as jpg,png")
	}
}

func (s Subscription) validate(found *faults) {
	checkRange(found, "TRIAL_DAYS", s.TrialDays, 1, maxTrialDays)
	found.check(currency.MatchString(s.DefaultCurrency), "DEFAULT_CURRENCY", "must be an ISO 4217 code such as USD")
}

func (r Roles) validate(found *faults) {
	if fault := r.Hierarchy.fault(); fault != "" {
		found.add("ROLE_HIERARCHY", fault)
	}
	known := append(r.Hierarchy.Names(), "viewer", "editor", "admin", "auditor")
	found.check(slices.Contains(known, r.DefaultRole), "DEFAULT_ROLE", "is neither built in nor named in ROLE_HIERARCHY")
}

func checkRange(found *faults, name string, value, low, high int) {
	found.check(value >= low && value <= high, name, "must be from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
}

func checkTTL(found *faults, name string, ttl time.Duration) {
	found.check(ttl >= time.Second && ttl <= maxTTL, name, "must be from 1s to 10 years")
}

func isAddress(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Name == "" && parsed.Address == text
}
