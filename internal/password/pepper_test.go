package password_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"am-user-management/internal/password"
)

func pepper(id string, fill byte) password.Pepper {
	return password.Pepper{ID: id, Key: bytes.Repeat([]byte{fill}, 32)}
}

func peppered(t *testing.T, peppers ...password.Pepper) *password.Hasher {
	t.Helper()
	h, err := password.New(password.Options{Params: cheap, MinLength: 8, Slots: 1, MaxWait: time.Minute, Peppers: peppers})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestR3ThePepperIsNamedInTheHash(t *testing.T) {
	text := hash(t, peppered(t, pepper("server", 1)), "correct horse")
	if !strings.HasPrefix(text, "$argon2id$v=19$m=64,t=1,p=1,keyid=c2VydmVy$") {
		t.Fatal(text)
	}
	for name, c := range map[string]struct {
		h          *password.Hasher
		ok, rehash bool
		err        error
	}{
		"the same pepper":               {peppered(t, pepper("server", 1)), true, false, nil},
		"after a new one was added":     {peppered(t, pepper("new", 2), pepper("server", 1)), true, true, nil},
		"after it was taken away":       {peppered(t, pepper("new", 2)), false, false, password.ErrPepper},
		"without any":                   {peppered(t), false, false, password.ErrPepper},
		"another key under the same id": {peppered(t, pepper("server", 2)), false, false, nil},
	} {
		if ok, rehash, err := c.h.Verify(t.Context(), text, "correct horse"); ok != c.ok || rehash != c.rehash || !errors.Is(err, c.err) {
			t.Errorf("%s: %t, %t, %v", name, ok, rehash, err)
		}
	}
}

func TestR3HashesOfATimeWithoutPepperAreProvenAndRenewed(t *testing.T) {
	text := hash(t, peppered(t), "Zoe\u0308-Zoe\u0308")
	h := peppered(t, pepper("server", 1))
	if ok, rehash, err := h.Verify(t.Context(), text, "Zo\u00eb-Zo\u00eb"); !ok || !rehash || err != nil {
		t.Errorf("%t, %t, %v", ok, rehash, err)
	}
	if ok, rehash, err := h.Verify(t.Context(), text, "wrong horse"); ok || rehash || err != nil {
		t.Errorf("a wrong password: %t, %t, %v", ok, rehash, err)
	}
}

func TestR3PeppersThatCannotWorkAreRefused(t *testing.T) {
	for name, peppers := range map[string][]password.Pepper{
		"without id":      {pepper("", 1)},
		"with a long id":  {pepper("ninechars", 1)},
		"with little key": {{ID: "a", Key: []byte("short")}},
		"twice":           {pepper("a", 1), pepper("a", 2)},
	} {
		_, err := password.New(password.Options{Params: cheap, MinLength: 8, Slots: 1, MaxWait: time.Minute, Peppers: peppers})
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// The hashes of "U*U" are from the test vectors of crypt_blowfish.
func TestR3HashesOfOtherSystems(t *testing.T) {
	h := peppered(t, pepper("server", 1))
	for name, c := range map[string]struct {
		text, plain string
		ok          bool
	}{
		"bcrypt 2a":       {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", true},
		"bcrypt 2y":       {"$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", true},
		"bcrypt 2b":       {"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", true},
		"a wrong one":     {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*V", false},
		"other argon2id":  {hash(t, peppered(t), "correct horse"), "correct horse", true},
		"other argon2id,": {hash(t, peppered(t), "correct horse"), "wrong horse", false},
	} {
		if err := password.Importable(c.text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if ok, rehash, err := h.Verify(t.Context(), c.text, c.plain); ok != c.ok || rehash != c.ok || err != nil {
			t.Errorf("%s: %t, %t, %v", name, ok, rehash, err)
		}
	}
	for name, text := range map[string]string{
		"nothing":             "",
		"an absurd cost":      "$2a$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"too little":          "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"the faulty 2x":       "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"a short hash":        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
		"a long hash":         "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
		"other letters":       "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO=W",
		"no cost":             "$2a$xx$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"a pepper of theirs":  hash(t, h, "correct horse"),
		"absurd memory":       "$argon2id$v=19$m=1048576,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"a key id of nothing": strings.Replace(hash(t, peppered(t), "correct horse"), "p=1$", "p=1,keyid=$", 1),
		"data":                strings.Replace(hash(t, peppered(t), "correct horse"), "p=1$", "p=1,data=AAAA$", 1),
	} {
		if err := password.Importable(text); !errors.Is(err, password.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "a pepper of theirs" {
			continue // of ours, to Verify
		}
		if ok, _, err := h.Verify(t.Context(), text, "U*U"); ok || !errors.Is(err, password.ErrFormat) {
			t.Errorf("%s: verified %t, %v", name, ok, err)
		}
	}
}
