// Package email is the one place that decides whether two e-mail addresses are the same. Sign-up claims the
// normalised form, login and mail use it too; a second canonicaliser would let one person hold another's address.
// The package imports domain, the normaliser and IDNA.
package email

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"am-user-management/domain"
)

// NormVersion is the version of the rules behind Address.Normal. Claims are made of Normal: other rules are another
// version, and old claims must be made again.
const NormVersion = 1

// RFC 5321's limits in bytes.
const (
	maxAddress = 254
	maxLocal   = 64
)

// Address is an e-mail address.
type Address struct {
	// Text is for showing and sending: the local part as typed, the domain in lower-case ASCII.
	Text string
	// Normal is for comparing: Text with the local part in lower case, too. Dots and +tags are kept: only the
	// provider knows what they mean.
	Normal string
}

// Parse reads an address as people type it. It returns domain.ErrInvalid, field "email", for text that is not a plain
// address: longer than 254 bytes, a local part that is quoted, not ASCII or longer than 64 bytes, a domain of a
// single label, with an IP number in place of a name, or that IDNA refuses.
func Parse(text string) (Address, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Address{}, invalid("is required")
	}
	if len(text) > maxAddress {
		return Address{}, invalid("must have at most 254 characters")
	}
	at := strings.LastIndexByte(text, '@')
	if at < 0 || !utf8.ValidString(text) {
		return Address{}, invalid(notAnAddress)
	}
	local := text[:at]
	if len(local) > maxLocal {
		return Address{}, invalid("must have at most 64 characters before the @")
	}
	if !dotAtom(local) {
		return Address{}, invalid(notAnAddress)
	}
	host, ok := hostName(norm.NFC.String(text[at+1:]))
	if !ok {
		return Address{}, invalid("must end in the name of a domain")
	}
	if at+1+len(host) > maxAddress {
		return Address{}, invalid("must have at most 254 characters")
	}
	return Address{Text: local + "@" + host, Normal: strings.ToLower(local) + "@" + host}, nil
}

// Claim is the key of the claim on a normalised address: the hex HMAC-SHA256 under the pepper. Without the pepper
// nobody can tell by the name of a claim's stream whether an address is registered.
func Claim(pepper []byte, normal string) string {
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte(normal))
	return hex.EncodeToString(mac.Sum(nil))
}

const notAnAddress = "must be an e-mail address such as name@example.org"

func invalid(message string) error {
	return domain.ErrInvalid.WithFields(domain.FieldError{Field: "email", Message: message})
}

// dotAtom reports whether local is one or more atoms (RFC 5322), joined by dots.
func dotAtom(local string) bool {
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, notInAtom) {
			return false
		}
	}
	return true
}

func notInAtom(r rune) bool {
	letterOrDigit := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letterOrDigit && (r > '~' || !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r))
}

// lookup maps and checks as resolvers do, and as UTS 46 says without the deviations of IDNA 2003.
var lookup = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true),
	idna.ValidateLabels(true), idna.CheckHyphens(true), idna.CheckJoiners(true), idna.BidiRule(),
	idna.VerifyDNSLength(true))

// hostName returns the A-labels of a domain of at least two labels whose last one is not a number.
func hostName(text string) (string, bool) {
	host, err := lookup.ToASCII(text)
	if err != nil || strings.HasSuffix(host, ".") {
		return "", false
	}
	dot := strings.LastIndexByte(host, '.')
	if dot < 1 || strings.Trim(host[dot+1:], "0123456789") == "" {
		return "", false
	}
	if again, err := lookup.ToASCII(host); err != nil || again != host { // what is stored must read as itself
		return "", false
	}
	return host, true
}
