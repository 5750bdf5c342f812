package password_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/trustelem/zxcvbn/frequency"

	"am-user-management/domain"
	"am-user-management/internal/password"
)

func TestR1CommonPasswordsAreRefused(t *testing.T) {
	h := hasher(t, cheap, 1, time.Minute)
	refused := 0
	for _, plain := range frequency.FrequencyLists["passwords"] {
		if len(plain) < 8 {
			continue
		}
		refused++
		if err := h.Check(strings.ToUpper(plain)); !errors.Is(err, domain.ErrInvalid) {
			t.Fatalf("%s: %v", plain, err)
		}
	}
	if refused < 3000 {
		t.Errorf("only %d passwords that are long enough are refused", refused)
	}
	for _, plain := range []string{"password1 but longer", "trustno1 trustno1", "correct horse"} { // whole passwords only
		if err := h.Check(plain); err != nil {
			t.Errorf("%s: %v", plain, err)
		}
	}
}

func TestR1WordsOfTheContextAreRefused(t *testing.T) {
	h, err := password.New(password.Options{
		Params: cheap, MinLength: 8, Slots: 1, MaxWait: time.Minute, Context: []string{"am-user-management", "accounts.example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	user := []string{"Ada.Lovelace@Example.org", "Ada", "Löwenherz"}
	for _, plain := range []string{
		"ada.lovelace@example.org", "ADA.LOVELACE", "ada.lovelace1815!", "löwenherz", "LO\u0308WENHERZ", "1löwenherz1",
		"am-user-management", "Accounts.Example.COM",
	} {
		if err := h.Check(plain, user...); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%s: %v", plain, err)
		}
	}
	for _, plain := range []string{"ada loves engines", "1234!567ada", "löwenherzen"} {
		if err := h.Check(plain, user...); err != nil {
			t.Errorf("%s: %v", plain, err)
		}
	}
	if err := h.Check("löwenherz", "", "@"); err != nil {
		t.Errorf("without such a user: %v", err)
	}
}

func TestR1AnythingElseIsAllowed(t *testing.T) {
	h := hasher(t, cheap, 1, time.Minute)
	for _, plain := range []string{"        ", "qqqqqqqz", "密码密码密码密码", strings.Repeat("a longer sentence ", 14), " trailing and leading "} {
		if err := h.Check(plain); err != nil {
			t.Errorf("%q: %v", plain, err)
		}
	}
	text := hash(t, h, " trailing and leading ")
	for plain, want := range map[string]bool{" trailing and leading ": true, "trailing and leading": false} {
		if ok, _, err := h.Verify(t.Context(), text, plain); ok != want || err != nil {
			t.Errorf("%q: %t, %v", plain, ok, err)
		}
	}
}
