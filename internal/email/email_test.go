package email_test

import (
	"errors"
	"strings"
	"testing"

	"am-user-management/domain"
	"am-user-management/internal/email"
)

func TestAddressesThatAreTheSame(t *testing.T) {
	for typed, want := range map[string]email.Address{
		"ann@example.org":             {Text: "ann@example.org", Normal: "ann@example.org"},
		"  Ann@Example.ORG\r\n":       {Text: "Ann@example.org", Normal: "ann@example.org"},
		"ann+news@example.org":        {Text: "ann+news@example.org", Normal: "ann+news@example.org"},
		"a.n.n@example.org":           {Text: "a.n.n@example.org", Normal: "a.n.n@example.org"},
		"o'neil!#$%&*/=?^_`{|}~@x.io": {Text: "o'neil!#$%&*/=?^_`{|}~@x.io", Normal: "o'neil!#$%&*/=?^_`{|}~@x.io"},
		"ann@B\u00dcCHER.example":     {Text: "ann@xn--bcher-kva.example", Normal: "ann@xn--bcher-kva.example"},
		"ann@bu\u0308cher.example":    {Text: "ann@xn--bcher-kva.example", Normal: "ann@xn--bcher-kva.example"},
		"ann@xn--bcher-kva.example":   {Text: "ann@xn--bcher-kva.example", Normal: "ann@xn--bcher-kva.example"},
		"ann@fa\u00df.de":             {Text: "ann@xn--fa-hia.de", Normal: "ann@xn--fa-hia.de"},
		"ann@\uff45xample\u3002org":   {Text: "ann@example.org", Normal: "ann@example.org"},
	} {
		if got, err := email.Parse(typed); err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v", typed, got, err)
		}
	}
}

func TestTextThatIsNoAddress(t *testing.T) {
	for name, typed := range map[string]string{
		"nothing":                 "",
		"space":                   " \t",
		"no at":                   "ann.example.org",
		"no local part":           "@example.org",
		"no domain":               "ann@",
		"two ats":                 "ann@home@example.org",
		"a full-width at":         "ann\uff20example.org",
		"a quoted local part":     `"ann smith"@example.org`,
		"a display name":          "Ann <ann@example.org>",
		"a comment":               "ann(work)@example.org",
		"a space":                 "ann smith@example.org",
		"a dot first":             ".ann@example.org",
		"a dot last":              "ann.@example.org",
		"two dots":                "a..n@example.org",
		"a header":                "ann@example.org\r\nBcc: eve@example.org",
		"a NUL":                   "an\x00n@example.org",
		"a Kelvin sign":           "mi\u212ae@example.org",
		"a dotless i":             "m\u0131ke@example.org",
		"Cyrillic":                "\u0430nn@example.org",
		"invalid UTF-8":           "ann@ex\xffample.org",
		"one label":               "ann@localhost",
		"a root dot":              "ann@example.org.",
		"an IP number":            "ann@127.0.0.1",
		"an IP literal":           "ann@[127.0.0.1]",
		"an underscore":           "ann@ex_ample.org",
		"a hyphen first":          "ann@-example.org",
		"an empty label":          "ann@example..org",
		"a label of 64":           "ann@" + strings.Repeat("a", 64) + ".org",
		"a broken A-label":        "ann@xn--\u00fc.org",
		"a fake A-label":          "ann@xn--example-.org",
		"a bidi override":         "ann@exam\u202eple.org",
		"an invisible joiner":     "ann@exam\u200dple.org",
		"65 before the at":        strings.Repeat("a", 65) + "@example.org",
		"255 in all":              strings.Repeat("a", 60) + "@" + strings.Repeat("abcdefg.", 23) + "example.org",
		"a megabyte of ats":       strings.Repeat("@", 1<<20),
		"255 once it is in ASCII": "a@" + strings.Repeat("\u00fc\u00fc\u00fc\u00fc\u00fc.", 22) + "org",
	} {
		got, err := email.Parse(typed)
		var rule *domain.Error
		if !errors.Is(err, domain.ErrInvalid) || !errors.As(err, &rule) || rule.Fields[0].Field != "email" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestClaimNeedsThePepper(t *testing.T) {
	claim := email.Claim([]byte("pepper"), "ann@example.org")
	// HMAC-SHA256, computed with another program: claims name streams, so they can never change.
	if want := "ab650937c930feefa1f955f68ff27ab9ca37d0c28014092eb64e85c3a82774cd"; claim != want {
		t.Errorf("claim %s, want %s", claim, want)
	}
	if claim == email.Claim([]byte("salt"), "ann@example.org") || claim == email.Claim([]byte("pepper"), "bob@example.org") {
		t.Error("another pepper or address, and the same claim")
	}
}

// FuzzParse: whatever is accepted is plain ASCII within the limits, and reads as itself; and its two forms are one
// address.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"ann@example.org", "A.B+c@B\u00fccher.example", "ann@fa\u00df.de", "x@xn--p1ai.xn--p1ai", "@", "a@b", "a@b.c\n",
		"\u212a@example.org", "a@\uff45.org", "a@1.2", "\xff@example.org", "a@exam\u00adple.org", "a@\u03c2.gr",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		address, err := email.Parse(typed)
		if err != nil {
			if address != (email.Address{}) || !errors.Is(err, domain.ErrInvalid) {
				t.Fatalf("Parse(%q) = %+v, %v", typed, address, err)
			}
			return
		}
		if len(address.Text) > 254 || strings.ContainsFunc(address.Text, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Fatalf("Parse(%q) = %+v", typed, address)
		}
		if again, err := email.Parse(address.Text); err != nil || again != address {
			t.Fatalf("%+v reads as %+v, %v", address, again, err)
		}
		if again, err := email.Parse(address.Normal); err != nil || again.Normal != address.Normal || again.Text != again.Normal {
			t.Fatalf("%q reads as %+v, %v", address.Normal, again, err)
		}
	})
}
