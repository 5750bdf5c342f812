package phone_test

import (
	"errors"
	"strings"
	"testing"

	"am-user-management/domain"
	"am-user-management/internal/phone"
)

// TestR17PhoneNumbersAreE164 is S71.
func TestR17PhoneNumbersAreE164(t *testing.T) {
	for _, text := range []string{"", "+4915112345678", "+14155552671", "+442071838750", "+33612345678", "+390612345678", "+2348012345678"} {
		if got, err := phone.Parse(text); err != nil || got != text {
			t.Errorf("Parse(%q) = %q, %v", text, got, err)
		}
	}
	for name, text := range map[string]string{
		"no country":           "015112345678",
		"a prefix of a phone":  "004915112345678",
		"blanks":               "+49 151 12345678",
		"a hyphen":             "+49-15112345678",
		"letters":              "+1800FLOWERS",
		"an extension":         "+14155552671;ext=5",
		"zero first":           "+0123456789",
		"too short":            "+123456",
		"too long":             "+1234567890123456",
		"too short for there":  "+1415555",
		"no such country":      "+9991234567890",
		"digits of elsewhere":  "+٤٩١٥١١٢٣٤٥٦٧٨",
		"full-width digits":    "+４９15112345678",
		"a full-width plus":    "＋4915112345678",
		"a line break":         "+4915112345678\n",
		"a NUL":                "+49151123\x0045678",
		"a megabyte of digits": "+" + strings.Repeat("1", 1<<20),
		"only a plus":          "+",
	} {
		got, err := phone.Parse(text)
		rule, _ := errors.AsType[*domain.Error](err)
		if !errors.Is(err, domain.ErrInvalid) || got != "" || rule.Fields[0].Field != "phone_number" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
