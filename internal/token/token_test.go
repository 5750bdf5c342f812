package token_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/token"
)

var (
	secret  = []byte("0123456789abcdef0123456789abcdef")
	user    = domain.ID{1, 2, 3}
	request = domain.ID{4, 5, 6}
)

func tokens(tb testing.TB, secret []byte) *token.Tokens {
	tb.Helper()
	t, err := token.New(secret)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func TestTokenTellsWhatItWasIssuedFor(t *testing.T) {
	text := tokens(t, secret).Issue("verify-email", user, request)
	gotUser, gotRequest, err := tokens(t, secret).Parse("verify-email", text)
	if err != nil || gotUser != user || gotRequest != request {
		t.Fatalf("Parse = %s, %s, %v", gotUser, gotRequest, err)
	}
}

func TestTokenIsGoodForNothingElse(t *testing.T) {
	ours := tokens(t, secret)
	good := ours.Issue("verify-email", user, request)
	if _, _, err := ours.Parse("reset-password", good); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("another purpose: %v", err)
	}
	if _, _, err := tokens(t, []byte(strings.Repeat("x", 32))).Parse("verify-email", good); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("another installation: %v", err)
	}
	swapped := ours.Issue("verify-email", request, user)
	for name, text := range map[string]string{
		"nothing":          "",
		"a tail":           good + "A",
		"a cut":            good[:len(good)-1],
		"space":            " " + good,
		"padding":          good + "==",
		"a line break":     good[:40] + "\n" + good[40:],
		"a replaced break": good[:40] + "\n" + good[41:],
		"another spelling": good[:len(good)-1] + string(good[len(good)-1]+1), // spare bits of the last character
		"percent encoding": strings.Replace(good, "A", "%41", 1),
		"another user":     swapped[:21] + good[21:],
		"only ids":         good[:43],
	} {
		if _, _, err := ours.Parse("verify-email", text); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range good { // every character counts
		changed := []byte(good)
		if changed[i] = 'A'; good[i] == 'A' {
			changed[i] = 'B'
		}
		if _, _, err := ours.Parse("verify-email", string(changed)); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("character %d changed: %v", i, err)
		}
	}
}

// TestTokensNeverChange: they are in mails that people have not opened yet, and fingerprints are in the log.
func TestTokensNeverChange(t *testing.T) {
	ours := tokens(t, secret)
	for name, pair := range map[string][2]string{
		"token":       {ours.Issue("verify-email", user, request), "AQIDAAAAAAAAAAAAAAAAAAQFBgAAAAAAAAAAAAAAAADH0kWwviE-jse_oxPIOnkDYZn_PHzEqLqj5Za6ZynSfA"},
		"session":     {ours.FromCommand(uuid.UUID{7}, user), "Y8hMh9beOuSKPOc0o3NZLi-9eUrmnIQHxdm8Mty-dpc"},
		"fingerprint": {ours.Fingerprint([]byte("a"), []byte("bc")), "O1zludTpxgbtr3kls9uZYg"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s %s, want %s", name, pair[0], pair[1])
		}
	}
}

func TestFingerprintKeepsBorders(t *testing.T) {
	ours := tokens(t, secret)
	prints := map[string]bool{}
	for _, parts := range [][][]byte{
		nil, {nil}, {nil, nil}, {[]byte("ab")}, {[]byte("a"), []byte("b")}, {[]byte("b"), []byte("a")}, {[]byte("ab"), nil},
	} {
		prints[ours.Fingerprint(parts...)] = true
	}
	if len(prints) != 7 {
		t.Errorf("7 requests have %d fingerprints", len(prints))
	}
	if ours.Fingerprint([]byte("a")) == tokens(t, []byte(strings.Repeat("x", 32))).Fingerprint([]byte("a")) {
		t.Error("the fingerprint has no key")
	}
}

func TestSessionsAreRandomAndStoredAsHash(t *testing.T) {
	a, b := token.SessionSecret(), token.SessionSecret()
	if a == b || len(a) != 43 {
		t.Fatalf("sessions %q and %q", a, b)
	}
	hash, err := token.HashSession(a)
	if err != nil || len(hash) != 64 || strings.Contains(hash, a) {
		t.Fatalf("HashSession = %q, %v", hash, err)
	}
	if other, _ := token.HashSession(b); other == hash {
		t.Error("two sessions have one hash")
	}
	for _, text := range []string{"", "x", a + "A", a[:42], a[:42] + "=", a[:20] + "\n" + a[21:], " " + a[1:], a[:42] + "\xff"} {
		if _, err := token.HashSession(text); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("HashSession(%q): %v", text, err)
		}
	}
}

func TestSessionFromCommandIsOfOneUserAndCommand(t *testing.T) {
	ours := tokens(t, secret)
	first := ours.FromCommand(uuid.UUID{7}, user)
	if first != ours.FromCommand(uuid.UUID{7}, user) {
		t.Error("a repeated login makes another session")
	}
	if first == ours.FromCommand(uuid.UUID{8}, user) || first == ours.FromCommand(uuid.UUID{7}, request) {
		t.Error("two logins share a session")
	}
	if _, err := token.HashSession(first); err != nil {
		t.Error(err)
	}
}

func TestShortSecretIsRefused(t *testing.T) {
	if _, err := token.New(secret[:31]); err == nil {
		t.Error("31 bytes were taken")
	}
}

// FuzzParse: whatever is accepted is exactly what was issued.
func FuzzParse(f *testing.F) {
	ours := tokens(f, secret)
	good := ours.Issue("verify-email", user, request)
	for _, seed := range []string{good, good[:85], good + "\n", strings.ToLower(good), ours.Issue("reset", user, request), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		gotUser, gotRequest, err := ours.Parse("verify-email", text)
		if err == nil && ours.Issue("verify-email", gotUser, gotRequest) != text {
			t.Fatalf("%q passes for %s, %s", text, gotUser, gotRequest)
		}
		if err != nil && !errors.Is(err, token.ErrInvalid) {
			t.Fatal(err)
		}
	})
}
