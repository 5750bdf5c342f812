package node_test

import (
	"encoding/base64"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
)

var codeNames = map[codes.Code]string{
	codes.OK: "OK", codes.Canceled: "CANCELLED", codes.Unknown: "UNKNOWN", codes.InvalidArgument: "INVALID_ARGUMENT",
	codes.DeadlineExceeded: "DEADLINE_EXCEEDED", codes.NotFound: "NOT_FOUND", codes.AlreadyExists: "ALREADY_EXISTS",
	codes.PermissionDenied: "PERMISSION_DENIED", codes.FailedPrecondition: "FAILED_PRECONDITION",
	codes.Aborted: "ABORTED", codes.OutOfRange: "OUT_OF_RANGE", codes.Unimplemented: "UNIMPLEMENTED",
	codes.Internal: "INTERNAL", codes.Unavailable: "UNAVAILABLE", codes.Unauthenticated: "UNAUTHENTICATED",
}

const badRequest = "type.googleapis.com/event_store.client.BadRequest"

// matching knows what the placeholders of a scenario stand for.
type matching struct {
	t     *testing.T
	bound map[string]string
}

func newMatching(t *testing.T) *matching {
	return &matching{t: t, bound: map[string]string{}}
}

func isPlaceholder(text string) bool {
	return len(text) > 2 && (strings.HasPrefix(text, "$p") || strings.HasPrefix(text, "$u")) &&
		strings.Trim(text[2:], "0123456789") == ""
}

// fill replaces placeholders by what they stand for. An id that no response named is the nil one.
func (m *matching) fill(value any) any {
	switch value := value.(type) {
	case map[string]any:
		filled := map[string]any{}
		for key, field := range value {
			filled[key] = m.fill(field)
		}
		return filled
	case []any:
		filled := make([]any, 0, len(value))
		for _, element := range value {
			filled = append(filled, m.fill(element))
		}
		return filled
	case string:
		if n, found := strings.CutPrefix(value, "@zeros "); found {
			return m.zeros(n)
		}
		if bound, there := m.bound[value]; there {
			return bound
		}
		if isPlaceholder(value) && strings.HasPrefix(value, "$u") {
			return uuid.Nil.String()
		}
	}
	return value
}

func (m *matching) zeros(text string) string {
	n, err := strconv.Atoi(text)
	if err != nil {
		m.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(make([]byte, n))
}

// equal compares a response with the recorded one and binds placeholders that it meets for the first time.
func (m *matching) equal(want, got any) bool {
	switch want := want.(type) {
	case map[string]any:
		fields, ok := got.(map[string]any)
		if want = withoutRates(want); !ok {
			return false
		}
		if fields = withoutRates(fields); len(fields) != len(want) {
			return false
		}
		for key, value := range want {
			field, there := fields[key]
			if key == "message" && want["@type"] == badRequest { // the text of a status, which is the server's own
				value = "*"
			}
			if !there || !m.equal(value, field) {
				return false
			}
		}
		return true
	case []any:
		elements, ok := got.([]any)
		return ok && slices.EqualFunc(want, elements, m.equal)
	case string:
		if want == "*" {
			return true
		}
		text, ok := got.(string)
		if ok && isPlaceholder(want) && m.bound[want] == "" {
			m.bound[want] = text
		}
		return ok && (m.fill(want) == text || equalButAdded(want, text))
	}
	return want == got
}

// withoutRates leaves out the figures of persistent subscriptions that come and go with timing.
func withoutRates(fields map[string]any) map[string]any {
	kept := maps.Clone(fields)
	for _, rate := range []string{
		"averagePerSecond", "averageItemsPerSecond", "totalItems", "countSinceLastMeasurement", "liveBufferCount",
	} {
		delete(kept, rate)
	}
	return kept
}

var added = regexp.MustCompile(`"added": "[^"]+"`)

// equalButAdded compares the metadata of parked events, both in base64, apart from the time when they were parked.
func equalButAdded(want, got string) bool {
	wanted, err := base64.StdEncoding.DecodeString(want)
	if err != nil || !strings.Contains(string(wanted), `"added": "*"`) {
		return false
	}
	metadata, err := base64.StdEncoding.DecodeString(got)
	return err == nil && string(wanted) == added.ReplaceAllString(string(metadata), `"added": "*"`)
}

// positions returns the positions that were met, by the number of their placeholder.
func (m *matching) positions() map[int]uint64 {
	positions := map[int]uint64{}
	for name, value := range m.bound {
		number, found := strings.CutPrefix(name, "$p")
		if !found {
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil {
			m.t.Fatal(err)
		}
		if positions[n], err = strconv.ParseUint(value, 10, 64); err != nil {
			m.t.Errorf("%s stands for %q, which is no position", name, value)
		}
	}
	return positions
}

// checkOrder fails unless positions are above 0 and in the order of their placeholders' numbers.
func (r *replay) checkOrder() {
	r.t.Helper()
	last, positions := uint64(0), r.match.positions()
	numbers := make([]int, 0, len(positions))
	for n := range positions {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if positions[n] <= last {
			r.t.Errorf("position $p%d is %d, not above %d", n, positions[n], last)
		}
		last = positions[n]
	}
}
