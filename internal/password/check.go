package password

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"am-user-management/domain"
)

const (
	// MaxLength is the most code points of a password.
	MaxLength = 256
	maxBytes  = 1024
)

// Check returns domain.ErrInvalid with what is wrong with a new password: fewer than minLength or more than MaxLength
// code points once composed (NFC), more than 1 KiB, text that is not UTF-8, or a NUL. There are no rules of
// composition: they make passwords worse.
func Check(plain string, minLength int) error {
	var faults domain.Faults
	faults.Add("password", fault(plain, minLength))
	return faults.Err()
}

func fault(plain string, minLength int) string {
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
	case length < minLength:
		return fmt.Sprintf("must have at least %d characters", minLength)
	case length > MaxLength || len(composed) > maxBytes:
		return tooLong
	}
	return ""
}
