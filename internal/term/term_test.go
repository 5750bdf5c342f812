package term_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"am-user-management/internal/term"
)

func TestSpellingsOfOneWordAreOneTerm(t *testing.T) {
	for want, spellings := range map[string][]string{
		"ann lee":     {"Ann Lee", "ANN LEE", "ann lee"},
		"zo\u00eb":    {"Zoë", "ZOË", "Zoe\u0308"},
		"strasse":     {"Straße", "STRASSE", "STRAẞE"},
		"οδυσσευσ":    {"ΟΔΥΣΣΕΥΣ", "οδυσσευς"},
		"kelvin":      {"\u212aelvin", "Kelvin"},
		"a_b%c\\d*.e": {"A_B%C\\D*.E"},
		"":            {""},
	} {
		for _, spelling := range spellings {
			if got := term.Of(spelling); got != want {
				t.Errorf("the term of %q is %q, want %q", spelling, got, want)
			}
		}
	}
}

func TestATermIsNeverLongerThanAnIndexHolds(t *testing.T) {
	for _, text := range []string{strings.Repeat("\U0001F642", 10_000), strings.Repeat("ΐ", 300), strings.Repeat("a", 255)} {
		if got := term.Of(text); utf8.RuneCountInString(got) != term.Longest || !utf8.ValidString(got) {
			t.Errorf("got %d code points, want %d", utf8.RuneCountInString(got), term.Longest)
		}
	}
}

func TestTermsBetweenAPrefixAndItsEndAreThoseThatBeginWithIt(t *testing.T) {
	alphabet := rapid.SampledFrom([]rune{'a', 'b', '\u007f', '\u0080', '\u07ff', '\ud7ff', '\ue000', '\uffff', '\U00010000', '\U0010ffff'})
	texts := rapid.StringOfN(alphabet, 0, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		prefix, text := texts.Draw(t, "prefix"), texts.Draw(t, "text")
		within := prefix <= text && text < term.After(prefix)
		if begins := strings.HasPrefix(text, prefix); within != begins {
			t.Fatalf("%q begins with %q: %t; lies before %q: %t", text, prefix, begins, term.After(prefix), within)
		}
	})
}
