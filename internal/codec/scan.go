package codec

import "math"

// scanner reads JSON in the one spelling that this package writes: no space, no escapes, ASCII text. Whatever looks
// otherwise it does not understand, and the caller asks the JSON package instead, which decides. So the scanner can
// be fast, and can be wrong in one way only: to accept what the JSON package reads differently. A fuzz test holds it to that.
type scanner struct {
	text []byte
	at   int
}

// take reads one byte if it is c.
func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// word reads one literal.
func (s *scanner) word(word string) bool {
	if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
		return false
	}
	s.at += len(word)
	return true
}

// str reads a string without escapes and returns what stands between the quotes.
func (s *scanner) str() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	for i, c := range s.text[s.at:] {
		switch {
		case c == '"':
			text := s.text[s.at : s.at+i]
			s.at += i + 1
			return text, true
		case c < ' ' || c > '~' || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

// id reads the 36 characters of a UUID.
func (s *scanner) id(id *[16]byte) bool {
	text, ok := s.str()
	if !ok || len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	for i, at := range [...]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		high, low := nibble(text[at]), nibble(text[at+1])
		if high > 15 || low > 15 {
			return false
		}
		id[i] = high<<4 | low
	}
	return true
}

// nibble is the value of a hexadecimal digit in either case; more than 15 for any other byte.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// integer reads a whole number without exponent.
func (s *scanner) integer() (int64, bool) {
	negative := s.take('-')
	start, n := s.at, int64(0)
	for ; s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9'; s.at++ {
		digit := int64(s.text[s.at] - '0')
		if n > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		n = 10*n + digit
	}
	if s.at == start || s.text[start] == '0' && s.at > start+1 || negative && n == 0 {
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}

// object reads an object by its members: next returns each name, with the scanner at the value, until there are no
// more. ok is false, then and in the end, when something was not understood.
type object struct {
	*scanner
	begun, ok bool
}

func (s *scanner) object() object { return object{scanner: s, ok: s.take('{')} }

func (o *object) next() (name []byte, more bool) {
	switch {
	case !o.ok || o.take('}'):
		return nil, false
	case o.begun && !o.take(','):
		o.ok = false
		return nil, false
	}
	o.begun = true
	name, named := o.str()
	o.ok = named && o.take(':')
	return name, o.ok
}
