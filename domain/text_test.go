package domain_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"am-user-management/domain"
)

func TestTextFault(t *testing.T) {
	for name, c := range map[string]struct {
		text       string
		line, many bool // fit for one line, for several
	}{
		"nothing":                  {"", true, true},
		"words":                    {"Zoë O’Neil-Ångström", true, true},
		"five of five":             {"ééééé", true, true},
		"an emoji of joined parts": {"👩\u200d🚀", true, true},
		"Hebrew":                   {"שלום", true, true},
		"six of five":              {"éééééé", false, false},
		"a line break":             {"a\nb", false, true},
		"a carriage return":        {"a\rb", false, true},
		"a tab":                    {"a\tb", false, true},
		"a line separator":         {"a\u2028b", false, true},
		"NUL":                      {"a\x00b", false, false},
		"escape":                   {"\x1b[1m", false, false},
		"delete":                   {"a\x7f", false, false},
		"a C1 control":             {"a\u0085", false, false},
		"an override":              {"a\u202eb", false, false},
		"an isolate":               {"a\u2066b", false, false},
		"a direction mark":         {"a\u200fb", false, false},
		"invalid UTF-8":            {"a\xc3", false, false},
		"a surrogate":              {"\xed\xa0\x80", false, false},
	} {
		limit := 5
		if name == "words" {
			limit = domain.MaxName
		}
		if fault := domain.LineFault(c.text, limit); (fault == "") != c.line {
			t.Errorf("%s on one line: %q", name, fault)
		}
		if fault := domain.TextFault(c.text, limit); (fault == "") != c.many {
			t.Errorf("%s on several lines: %q", name, fault)
		}
	}
}

func TestZoneFault(t *testing.T) {
	for _, name := range []string{
		"", "UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "America/Port-au-Prince", "EST5EDT",
	} {
		if fault := domain.ZoneFault(name, nil); fault != "" {
			t.Errorf("%q: %s", name, fault)
		}
	}
	for _, name := range []string{
		"Local", "/etc/passwd", "../UTC", "Europe/", "Europe//Paris", "+01:00", "Europe/Pa ris", "Évian",
		"Europe/../Paris", "Europe\\Paris", strings.Repeat("a", 65),
	} {
		if domain.ZoneFault(name, nil) == "" {
			t.Errorf("%q is taken", name)
		}
	}
	onlyParis := func(name string) bool { return name == "Europe/Paris" }
	if fault := domain.ZoneFault("Europe/Paris", onlyParis); fault != "" {
		t.Error(fault)
	}
	if domain.ZoneFault("Europe/Rome", onlyParis) == "" {
		t.Error("takes a zone that is not known")
	}
	if fault := domain.ZoneFault("", onlyParis); fault != "" {
		t.Error(fault)
	}
}

func TestLocaleFault(t *testing.T) {
	for _, tag := range []string{"", "en", "pt-BR", "zh-Hant-TW", "de-CH-1996", "es-419", "en-x-pirate", "gsw"} {
		if fault := domain.LocaleFault(tag); fault != "" {
			t.Errorf("%q: %s", tag, fault)
		}
	}
	for _, tag := range []string{
		"e", "en_US", "en-", "-en", "en--US", "12", "en-US-ninechars", "ninechars", "én", "en-ÜS", "en US",
		"en" + strings.Repeat("-a", 17),
	} {
		if domain.LocaleFault(tag) == "" {
			t.Errorf("%q is taken", tag)
		}
	}
}

func TestFaultsNameEveryField(t *testing.T) {
	var faults domain.Faults
	if err := faults.Err(); err != nil {
		t.Errorf("no faults: %v", err)
	}
	faults.Add("a", "is odd")
	faults.Add("b", "")
	faults.Add("c", "is even")
	var rule *domain.Error
	if err := faults.Err(); !errors.Is(err, domain.ErrInvalid) || !errors.As(err, &rule) {
		t.Fatal(err)
	}
	want := []domain.FieldError{{Field: "a", Message: "is odd"}, {Field: "c", Message: "is even"}}
	if !slices.Equal(rule.Fields, want) {
		t.Errorf("%+v", rule.Fields)
	}
}
