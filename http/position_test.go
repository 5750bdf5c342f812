package http_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"am-user-management/domain"
	amhttp "am-user-management/http"
	"am-user-management/internal/eventstore"
)

func newPositions(tb testing.TB, key string) *amhttp.PositionCodec {
	tb.Helper()
	codec, err := amhttp.NewPositionCodec([]byte(key))
	if err != nil {
		tb.Fatal(err)
	}
	return codec
}

func TestPositionsSurviveTheirText(t *testing.T) {
	here, elsewhere := newPositions(t, "secret"), newPositions(t, "secret")
	for _, p := range []eventstore.Position{{}, {Commit: 1, Prepare: 1}, {Commit: 7, Prepare: 3}, {Commit: math.MaxUint64, Prepare: math.MaxUint64}} {
		text := here.Text(p)
		if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("%q is not URL-safe", text)
		}
		if again := elsewhere.Text(p); again != text {
			t.Errorf("two instances write %v as %q and %q", p, text, again)
		}
		if got, err := elsewhere.Parse(text); err != nil || got != p {
			t.Errorf("Parse(Text(%v)) = %v, %v", p, got, err)
		}
	}
}

func TestPositionsOfOthersAreRefused(t *testing.T) {
	codec := newPositions(t, "secret")
	good := codec.Text(eventstore.Position{Commit: 4711, Prepare: 4711})
	junk := []string{"", "junk", good + "=", good + "A", good[1:], " " + good, newPositions(t, "other").Text(eventstore.Position{Commit: 1, Prepare: 1})}
	for i := range good { // one character changed, anywhere
		other := byte('A')
		if good[i] == other {
			other = 'B'
		}
		junk = append(junk, good[:i]+string(other)+good[i+1:])
	}
	for _, text := range junk {
		if _, err := codec.Parse(text); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("Parse(%q) = %v, want request.invalid", text, err)
		}
	}
}

func TestPositionsDoNotTellHowMuchWasWritten(t *testing.T) {
	codec := newPositions(t, "secret")
	a, b := codec.Text(eventstore.Position{Commit: 100, Prepare: 100}), codec.Text(eventstore.Position{Commit: 101, Prepare: 101})
	same := 0
	for i := range a {
		if a[i] == b[i] {
			same++
		}
	}
	if same > len(a)/3 {
		t.Errorf("neighbours look alike: %s and %s", a, b)
	}
}

func BenchmarkPositionText(b *testing.B) {
	codec := newPositions(b, "secret")
	for i := range b.N {
		codec.Text(eventstore.Position{Commit: uint64(i)})
	}
}
