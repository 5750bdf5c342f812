package domain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"am-user-management/domain"
)

const hidden = "hunter2"

// letter is how events hold hidden text: by value, by pointer, within lists and maps.
type letter struct {
	From    domain.Personal
	To      *domain.Personal
	Copies  []domain.Personal
	Secrets map[string]domain.Secret
}

func TestHiddenTextStaysHidden(t *testing.T) {
	personal, secret := domain.NewPersonal(hidden), domain.NewSecret(hidden)
	whole := letter{personal, &personal, []domain.Personal{personal}, map[string]domain.Secret{"a": secret}}
	for _, value := range []any{personal, &personal, secret, &secret, whole, &whole} {
		var shown bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			fmt.Fprintf(&shown, verb+"\n", value)
		}
		fmt.Fprintln(&shown, value, fmt.Errorf("said %v", value))
		slog.New(slog.NewTextHandler(&shown, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&shown, nil)).Info("json", "value", value)
		if err := json.NewEncoder(&shown).Encode(value); err != nil {
			t.Fatal(err)
		}
		if got := shown.String(); strings.Contains(got, hidden) || strings.Contains(got, fmt.Sprintf("%x", hidden)) {
			t.Errorf("%T shows what it hides:\n%s", value, got)
		}
	}
}

func TestHiddenTextIsNotReadFromPlainJSON(t *testing.T) {
	var personal domain.Personal
	var secret domain.Secret
	for _, target := range []any{&personal, &secret} {
		if err := json.Unmarshal([]byte(`"`+hidden+`"`), target); err == nil {
			t.Errorf("%T was read", target)
		}
	}
}

func TestErasedIsNotEmpty(t *testing.T) {
	for name, c := range map[string]struct {
		text         string
		erased, zero bool
		got          interface {
			Text() string
			Erased() bool
			IsZero() bool
		}
	}{
		"personal":        {hidden, false, false, domain.NewPersonal(hidden)},
		"secret":          {hidden, false, false, domain.NewSecret(hidden)},
		"erased personal": {"", true, false, domain.ErasedPersonal()},
		"erased secret":   {"", true, false, domain.ErasedSecret()},
		"no personal":     {"", false, true, domain.Personal{}},
		"no secret":       {"", false, true, domain.Secret{}},
	} {
		if c.got.Text() != c.text || c.got.Erased() != c.erased || c.got.IsZero() != c.zero {
			t.Errorf("%s: erased %v, zero %v", name, c.got.Erased(), c.got.IsZero())
		}
	}
}
