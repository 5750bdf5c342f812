package password_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"am-user-management/domain"
	"am-user-management/internal/password"
)

var cheap = password.Params{MemoryKiB: 64, Time: 1, Parallelism: 1}

func hasher(tb testing.TB, params password.Params, slots int, wait time.Duration) *password.Hasher {
	tb.Helper()
	h, err := password.New(password.Options{Params: params, MinLength: 8, Slots: slots, MaxWait: wait})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func hash(tb testing.TB, h *password.Hasher, plain string) string {
	tb.Helper()
	text, err := h.Hash(tb.Context(), plain)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestPasswordProvesItself(t *testing.T) {
	h := hasher(t, cheap, 2, time.Minute)
	text := hash(t, h, "correct horse")
	if !strings.HasPrefix(text, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("hash %s", text)
	}
	if text == hash(t, h, "correct horse") {
		t.Error("two hashes have the same salt")
	}
	for plain, want := range map[string]bool{
		"correct horse": true, "correct horse ": false, "Correct horse": false, "": false, "correct\x00horse": false,
	} {
		if ok, rehash, err := h.Verify(t.Context(), text, plain); ok != want || rehash || err != nil {
			t.Errorf("Verify(%q) = %t, %t, %v", plain, ok, rehash, err)
		}
	}
}

func TestSpellingsOfALetterAreTheSame(t *testing.T) {
	h := hasher(t, cheap, 1, time.Minute)
	composed, decomposed := "Zo\u00eb-Zo\u00eb", "Zoe\u0308-Zoe\u0308"
	for _, pair := range [][2]string{{composed, decomposed}, {decomposed, composed}} {
		if ok, _, err := h.Verify(t.Context(), hash(t, h, pair[0]), pair[1]); !ok || err != nil {
			t.Errorf("Verify = %t, %v", ok, err)
		}
	}
	if ok, _, _ := h.Verify(t.Context(), hash(t, h, "\ufb01sh and chips"), "fish and chips"); ok {
		t.Error("letters that merely look alike count as the same")
	}
}

func TestOldCostsAreRehashed(t *testing.T) {
	old := hash(t, hasher(t, cheap, 1, time.Minute), "correct horse")
	now := hasher(t, password.Params{MemoryKiB: 128, Time: 1, Parallelism: 1}, 1, time.Minute)
	if ok, rehash, err := now.Verify(t.Context(), old, "correct horse"); !ok || !rehash || err != nil {
		t.Errorf("right password: %t, %t, %v", ok, rehash, err)
	}
	if ok, rehash, err := now.Verify(t.Context(), old, "wrong horse"); ok || rehash || err != nil {
		t.Errorf("wrong password: %t, %t, %v", ok, rehash, err)
	}
}

func TestWhatIsNotAHashIsRefused(t *testing.T) {
	good := hash(t, hasher(t, cheap, 1, time.Minute), "correct horse")
	part := strings.Split(good, "$")
	with := func(place int, text string) string {
		changed := append([]string(nil), part...)
		changed[place] = text
		return strings.Join(changed, "$")
	}
	faults := map[string]string{
		"nothing":          "",
		"text":             "correct horse",
		"another function": with(1, "argon2i"),
		"another version":  with(2, "v=16"),
		"no version":       strings.Join(append(part[:2:2], part[3:]...), "$"),
		"absurd memory":    with(3, "m=1048576,t=1,p=1"),
		"no memory":        with(3, "m=0,t=1,p=1"),
		"absurd time":      with(3, "m=64,t=4000000000,p=1"),
		"no time":          with(3, "m=64,t=0,p=1"),
		"absurd lanes":     with(3, "m=65536,t=1,p=255"),
		"no lanes":         with(3, "m=64,t=1,p=0"),
		"too many lanes":   with(3, "m=64,t=1,p=256"),
		"leading zero":     with(3, "m=064,t=1,p=1"),
		"sign":             with(3, "m=+64,t=1,p=1"),
		"another order":    with(3, "t=1,m=64,p=1"),
		"short salt":       with(4, "AAAA"),
		"padded salt":      with(4, part[4]+"=="),
		"loose base64":     with(4, part[4]+"\n"),
		"short hash":       with(5, "AAAA"),
		"no hash":          with(5, ""),
		"a tail":           good + "$",
		"a long text":      good + strings.Repeat("A", 500),
	}
	h := hasher(t, cheap, 1, time.Minute)
	for name, text := range faults {
		if ok, _, err := h.Verify(t.Context(), text, "correct horse"); ok || !errors.Is(err, password.ErrFormat) {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
	}
}

func TestRulesOfNewPasswords(t *testing.T) {
	h := hasher(t, cheap, 1, time.Minute)
	for name, plain := range map[string]string{
		"eight letters":         "abkdefgh",
		"eight of any script":   "密码密码密码密码",
		"spaces":                "        ",
		"the longest":           strings.Repeat("ä", password.MaxLength),
		"the longest, in parts": strings.Repeat("a\u0308", password.MaxLength),
	} {
		if err := h.Check(plain); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, plain := range map[string]string{
		"nothing":                    "",
		"seven letters":              "abcdefg",
		"seven letters in parts":     strings.Repeat("a\u0308", 7),
		"one too many":               strings.Repeat("a", password.MaxLength+1),
		"over a KiB":                 strings.Repeat("𝔸", password.MaxLength+1),
		"a megabyte":                 strings.Repeat("a", 1<<20),
		"a NUL":                      "abcd\x00efgh",
		"half a surrogate":           "abcdefg\xed\xa0\x80",
		"bytes that are not letters": "abcdefgh\xff",
	} {
		err := h.Check(plain)
		var rule *domain.Error
		if !errors.Is(err, domain.ErrInvalid) || !errors.As(err, &rule) || rule.Fields[0].Field != "password" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFullHouseSaysSoInTime runs in a bubble of fake time: hashing takes none, so whoever finds no slot waits
// exactly MaxWait.
func TestFullHouseSaysSoInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hasher(t, cheap, 1, 2*time.Second)
		release := h.Occupy(t)
		start := time.Now()
		if _, err := h.Hash(t.Context(), "correct horse"); !errors.Is(err, password.ErrBusy) {
			t.Errorf("Hash: %v", err)
		}
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("waited %s", waited)
		}
		if err := h.Decoy(t.Context(), "x"); !errors.Is(err, password.ErrBusy) {
			t.Errorf("Decoy: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Decoy(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Decoy of an impatient caller: %v", err)
		}
		go func() { time.Sleep(time.Second); release() }()
		if err := h.Decoy(t.Context(), "x"); err != nil {
			t.Errorf("after the slot is free: %v", err)
		}
	})
}

func TestLongQueueTurnsAwayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hasher(t, cheap, 1, time.Hour)
		release := h.Occupy(t)
		var waiters sync.WaitGroup
		for range h.QueueLength() {
			waiters.Go(func() {
				if err := h.Decoy(t.Context(), "x"); err != nil {
					t.Errorf("in the queue: %v", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		if err := h.Decoy(t.Context(), "x"); !errors.Is(err, password.ErrBusy) || time.Since(start) != 0 {
			t.Errorf("behind the queue: %v after %s", err, time.Since(start))
		}
		release()
		waiters.Wait()
	})
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	good := password.Options{Params: cheap, MinLength: 8, Slots: 1, MaxWait: time.Second}
	for name, spoil := range map[string]func(*password.Options){
		"no slots":            func(o *password.Options) { o.Slots = 0 },
		"no wait":             func(o *password.Options) { o.MaxWait = 0 },
		"no minimum":          func(o *password.Options) { o.MinLength = 0 },
		"an absurd minimum":   func(o *password.Options) { o.MinLength = 300 },
		"no time":             func(o *password.Options) { o.Time = 0 },
		"less than the least": func(o *password.Options) { o.MemoryKiB = 7 },
		"absurd memory":       func(o *password.Options) { o.MemoryKiB = 1 << 30 },
	} {
		options := good
		spoil(&options)
		if _, err := password.New(options); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	h := hasher(f, cheap, 4, time.Minute)
	f.Add(hash(f, h, "correct horse"))
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG")
	f.Add("$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$")
	f.Fuzz(func(t *testing.T, text string) {
		var m, passes, lanes int
		fmt.Sscanf(text, "$argon2id$v=19$m=%d,t=%d,p=%d", &m, &passes, &lanes)
		if m > 256 || passes > 2 { // parsing is what is tested, not patience
			return
		}
		if ok, _, err := h.Verify(t.Context(), text, "battery staple"); ok || err != nil && !errors.Is(err, password.ErrFormat) {
			t.Fatalf("Verify(%q) = %t, %v", text, ok, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	h := hasher(b, password.Params{MemoryKiB: 19456, Time: 2, Parallelism: 1}, 2, time.Hour)
	text := hash(b, h, "correct horse")
	b.ReportAllocs()
	for b.Loop() {
		if ok, _, err := h.Verify(b.Context(), text, "correct horse"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
