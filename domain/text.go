package domain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the most code points that a first or last name has.
const MaxName = 100

// Faults collects what is wrong with the fields of one request, so that one answer names them all.
type Faults []FieldError

// Add notes what is wrong with a field. An empty message is no fault and is not noted.
func (f *Faults) Add(field, message string) {
	if message != "" {
		*f = append(*f, FieldError{Field: field, Message: message})
	}
}

// Err is ErrInvalid with the faults, or nil if there are none.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return ErrInvalid.WithFields(f...)
}

// NameFault says what is wrong with a first or last name; "" means nothing is. A name is a line of at most MaxName code
// points that shows something; the empty one is none given.
func NameFault(name string) string {
	if fault := LineFault(name, MaxName); fault != "" {
		return fault
	}
	if name != "" && !strings.ContainsFunc(name, shows) {
		return "must not be blank"
	}
	return ""
}

// shows reports whether a character leaves ink on paper, by itself or on its neighbour.
func shows(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.In(r, unicode.Zs, unicode.Other_Default_Ignorable_Code_Point) && r != '\u2800'
}

// LineFault says what is wrong with a text of one line and at most limit code points; "" means nothing is. Text that
// passes is kept verbatim.
func LineFault(text string, limit int) string {
	if fault := TextFault(text, limit); fault != "" {
		return fault
	}
	if strings.ContainsAny(text, "\n\r\t\u2028\u2029") {
		return "must be a single line"
	}
	return ""
}

// TextFault is LineFault for text of several lines: line breaks and tabs are allowed. Other control characters are
// not, and neither are those that change the direction of writing: they make a text look like another one.
func TextFault(text string, limit int) string {
	if !utf8.ValidString(text) {
		return "must be valid UTF-8"
	}
	if strings.ContainsFunc(text, deceptive) {
		return "must not contain control characters"
	}
	if utf8.RuneCountInString(text) > limit {
		return fmt.Sprintf("must have at most %d characters", limit)
	}
	return ""
}

func deceptive(r rune) bool {
	switch r {
	case '\n', '\r', '\t':
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// ZoneFault says what is wrong with the name of a time zone; "" means nothing is, and the empty name is none given.
// Names are those of the IANA database, like Europe/Paris; valid looks one up there, nil leaves it at the shape.
func ZoneFault(name string, valid func(name string) bool) string {
	const fault = "must be an IANA time zone such as Europe/Paris"
	if name == "" {
		return ""
	}
	if len(name) > 64 || name == "Local" { // Local is Go's name for "wherever this machine is"
		return fault
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || !letter(segment[0]) || strings.ContainsFunc(segment, notInZone) {
			return fault
		}
	}
	if valid != nil && !valid(name) {
		return fault
	}
	return ""
}

// LocaleFault says what is wrong with a language tag (BCP 47, like en or pt-BR); "" means nothing is, and the empty
// tag is none given. It judges the shape, not whether the language exists.
func LocaleFault(tag string) string {
	const fault = "must be a language tag such as en or pt-BR"
	if tag == "" {
		return ""
	}
	language, rest, more := strings.Cut(tag, "-")
	if len(tag) > 35 || len(language) < 2 || len(language) > 8 || strings.ContainsFunc(language, notLetter) {
		return fault
	}
	for more {
		var subtag string
		subtag, rest, more = strings.Cut(rest, "-")
		if subtag == "" || len(subtag) > 8 || strings.ContainsFunc(subtag, notAlphanumeric) {
			return fault
		}
	}
	return ""
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func notLetter(r rune) bool { return r >= utf8.RuneSelf || !letter(byte(r)) }

func notAlphanumeric(r rune) bool { return notLetter(r) && (r < '0' || r > '9') }

func notInZone(r rune) bool { return notAlphanumeric(r) && r != '_' && r != '-' && r != '+' }
