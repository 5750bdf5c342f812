// Package phone is the one place that decides what a phone number is. The package imports domain and the library that
// knows the numbering plans.
package phone

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"am-user-management/domain"
)

// Digits of a number as ITU E.164 writes it, without the +.
const (
	fewest = 7
	most   = 15
)

// Parse returns a number as ITU E.164 writes it, such as +4915112345678; the empty text is none given. A number must be
// possible, which is a matter of its country and length. Whether it is assigned is not asked: numbering plans change,
// and nobody is to be locked out by an old one. It returns domain.ErrInvalid, field "phone_number".
func Parse(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	digits, international := strings.CutPrefix(text, "+")
	if !international || len(digits) < fewest || len(digits) > most || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return "", invalid("must be a number in international form such as +4915112345678")
	}
	number, err := phonenumbers.Parse(text, phonenumbers.UNKNOWN_REGION)
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return "", invalid("is not a number of any country")
	}
	return phonenumbers.Format(number, phonenumbers.E164), nil
}

func invalid(message string) error {
	return domain.ErrInvalid.WithFields(domain.FieldError{Field: "phone_number", Message: message})
}
