package config

import (
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

func checkAddr(found *faults, name, addr string) {
	_, port, err := net.SplitHostPort(addr)
	number, bad := strconv.Atoi(port)
	found.check(err == nil && bad == nil && number >= 0 && number < 1<<16, name, "must be host:port")
}

// checkPublicURL keeps links that leave in mails from being anything but ours: https, or http on this machine.
func checkPublicURL(found *faults, text string) {
	if text == "" {
		found.add("PUBLIC_URL", "is required")
		return
	}
	base, err := url.Parse(text)
	switch {
	case err != nil || base.Hostname() == "" || base.Scheme != "https" && base.Scheme != "http":
		found.add("PUBLIC_URL", "must be a URL such as https://accounts.example.com")
	case base.User != nil || base.RawQuery != "" || base.Fragment != "" || base.ForceQuery:
		found.add("PUBLIC_URL", "must have no user, query or fragment")
	case base.Scheme == "http" && !isLocal(base.Hostname()):
		found.add("PUBLIC_URL", "must be https unless its host is this machine")
	}
}

func checkOutboundURL(found *faults, name, text string) {
	base, err := url.Parse(text)
	ok := err == nil && base.Hostname() != "" && (base.Scheme == "https" || base.Scheme == "http") &&
		base.User == nil && base.RawQuery == "" && base.Fragment == ""
	found.check(ok, name, "must be an http or https URL without user, query or fragment")
}

// checkOrigin wants an origin as browsers send it: they are compared as text, so that there are no patterns.
func checkOrigin(found *faults, name, text string) {
	base, err := url.Parse(text)
	ok := err == nil && base.Hostname() != "" && (base.Scheme == "https" || base.Scheme == "http") &&
		text == base.Scheme+"://"+base.Host && text == strings.ToLower(text) && !strings.ContainsAny(text, "*?")
	if ok && base.Port() != "" {
		ok = base.Scheme+base.Port() != "https443" && base.Scheme+base.Port() != "http80" // browsers leave them out
	}
	found.check(ok, name, "must be origins such as https://app.example.com, without path, pattern or default port")
	found.check(!ok || base.Scheme == "https" || isLocal(base.Hostname()), name, "must be https unless the host is this machine")
}

// checkEventStoreURL looks at what is ours to judge; the client parses the rest.
func checkEventStoreURL(found *faults, text string) {
	const name = "EVENTSTORE_URL"
	scheme, rest, _ := strings.Cut(text, "://")
	schemes := []string{"esdb", "esdb+discover", "kurrent", "kurrent+discover", "kurrentdb", "kurrentdb+discover", "unix"}
	if !slices.Contains(schemes, scheme) || rest == "" {
		found.add(name, "must be a connection string such as esdb://host:2113?tls=true")
		return
	}
	before, query, _ := strings.Cut(rest, "?")
	_, hosts, hasUser := strings.Cut(before, "@")
	if !hasUser {
		hosts = before
	}
	remote := false
	for host := range strings.SplitSeq(strings.TrimRight(hosts, "/"), ",") {
		if only, _, err := net.SplitHostPort(host); err == nil {
			host = only
		}
		remote = remote || scheme != "unix" && !isLocal(host)
	}
	options, err := url.ParseQuery(query)
	if err != nil {
		found.add(name, "its options cannot be read")
		return
	}
	for option, values := range options {
		unverified := strings.EqualFold(option, "tlsVerifyCert") && slices.Contains(values, "false")
		found.check(!remote || !unverified, name, "must verify the certificate of another machine: remove tlsVerifyCert=false")
	}
}

// checkDatabaseURL allows another machine over verified TLS, or without TLS when that is said in so many words. What
// looks safe and is not (require, prefer, allow: no verification, or a silent fall-back) is refused.
func checkDatabaseURL(found *faults, name, text string) {
	parsed, err := pgconn.ParseConfig(text)
	if err != nil {
		found.add(name, "must be a Postgres connection string")
		return
	}
	var plain, verified, unverified bool
	judge := func(host string, config *tls.Config) {
		switch {
		case isLocal(host) || strings.HasPrefix(host, "/"):
		case config == nil:
			plain = true
		case config.InsecureSkipVerify:
			unverified = true
		default:
			verified = true
		}
	}
	judge(parsed.Host, parsed.TLSConfig)
	for _, fallback := range parsed.Fallbacks {
		judge(fallback.Host, fallback.TLSConfig)
	}
	found.check(!unverified && !(plain && verified), name,
		"must say sslmode=verify-full for another machine (or sslmode=disable, where the network itself is trusted)")
}

// isLocal reports whether host is this machine.
func isLocal(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
}
