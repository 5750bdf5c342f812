// Package term is the one place that decides whether a text begins with another, for searches: projections write
// terms, queries look for them. It imports x/text.
package term

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Longest is the most code points that a term has: what lies behind them is not searched.
const Longest = 254

// Of is a text without what a search should not tell apart: letters are folded as Unicode says (ẞ is ss), accents
// are composed with their letters. A text begins with another if its term does, byte by byte.
func Of(text string) string {
	folded := norm.NFC.String(cases.Fold().String(norm.NFC.String(text)))
	count := 0
	for i := range folded {
		if count == Longest {
			return folded[:i]
		}
		count++
	}
	return folded
}

// After is where the terms that begin with a prefix end, in the order of bytes: it is behind all of them, and not
// behind any later term.
func After(prefix string) string {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch last {
		case utf8.MaxRune: // nothing follows it
			continue
		case beforeSurrogates:
			return prefix + string(afterSurrogates)
		}
		return prefix + string(last+1)
	}
	return strings.Repeat(string(utf8.MaxRune), Longest+1)
}

// Surrogates are no text.
const beforeSurrogates, afterSurrogates = '\uD7FF', '\uE000'
