package password

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"am-user-management/domain"
)

const (
	// MaxLength is the most code points of a password.
	MaxLength = 256
	maxBytes  = 1024
	// minContext is how long a word of the context is at least to be told from chance in what surrounds it.
	minContext = 4
)

// Check returns domain.ErrInvalid with what is wrong with a new password: fewer than the minimum or more than MaxLength
// code points once composed (NFC), more than 1 KiB, text that is not UTF-8, or a NUL; a password that many others have
// chosen; or one that is no more than a word of the context, such as the user's address or name, whatever digits and signs
// stand around it. There are no rules of composition: they make passwords worse.
func (h *Hasher) Check(plain string, context ...string) error {
	var faults domain.Faults
	faults.Add("password", h.fault(plain, context))
	return faults.Err()
}

func (h *Hasher) fault(plain string, context []string) string {
	tooLong := fmt.Sprintf("must have at most %d characters", MaxLength)
	switch {
	case len(plain) > 2*maxBytes: // composing shortens; more than twice is not worth composing
		return tooLong
	case !utf8.ValidString(plain):
		return "must be valid UTF-8"
	case strings.ContainsRune(plain, 0):
		return "must not contain the NUL character"
	}
	composed := norm.NFC.String(plain)
	switch length := utf8.RuneCountInString(composed); {
	case length < h.options.MinLength:
		return fmt.Sprintf("must have at least %d characters", h.options.MinLength)
	case length > MaxLength || len(composed) > maxBytes:
		return tooLong
	case h.common.has(composed):
		return "is one of the passwords that are tried first; choose another"
	case isOfContext(composed, h.options.Context) || isOfContext(composed, context):
		return "must not be the name or the address of the user or of the service; choose another"
	}
	return ""
}

// common are passwords that many people choose, in their folded form.
type common map[string]struct{}

// newCommon lists those that meet the length. The others are refused anyway.
func newCommon(minLength int) common {
	listed := common{}
	for _, plain := range frequency.FrequencyLists["passwords"] {
		if utf8.RuneCountInString(plain) >= minLength {
			listed[fold(plain)] = struct{}{}
		}
	}
	return listed
}

func (c common) has(plain string) bool {
	_, listed := c[fold(plain)]
	return listed
}

// isOfContext reports whether a password is a word of the context, or the local part of an address of it.
func isOfContext(plain string, context []string) bool {
	whole := fold(plain)
	core := lettersOf(whole)
	for _, word := range context {
		local, _, _ := strings.Cut(word, "@")
		for _, word := range []string{fold(word), fold(local)} {
			if word != "" && word == whole || utf8.RuneCountInString(core) >= minContext && lettersOf(word) == core {
				return true
			}
		}
	}
	return false
}

// lettersOf is a text without the digits and signs around it.
func lettersOf(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
}

// fold makes texts the same that differ in case only.
func fold(text string) string { return norm.NFC.String(cases.Fold().String(strings.TrimSpace(text))) }
