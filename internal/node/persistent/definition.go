package persistent

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"am-user-management/internal/node/persistent/group"
)

// Definition is what the owner of a group asked for.
type Definition struct {
	Stream string
	Group  string
	// Filter chooses events of the whole log; nil chooses all.
	Filter *Filter
	// Start is the number of the first event: a revision, or a position if Stream is AllStream. FromEnd stands for the
	// first one after the definition.
	Start    int64
	Settings group.Settings

	// resume is the number that FromEnd meant when the group was defined.
	resume int64
}

// FromEnd as a start leaves out what is there already.
const FromEnd int64 = -1

// Filter chooses events of the whole log by stream or by type.
type Filter struct {
	// ByStream tells that the expression is about the stream's name instead of the event's type.
	ByStream bool
	// Regex is a regular expression; if it is empty, one of Prefixes has to fit.
	Regex    string   `json:",omitempty"`
	Prefixes []string `json:",omitempty"`
}

// first returns the number of the first event that the group gets.
func (d *Definition) first() int64 {
	if d.Start == FromEnd {
		return d.resume
	}
	return d.Start
}

// Number writes a number of the source as clients read it.
func (d *Definition) Number(n int64) string {
	if d.Stream == AllStream {
		return fmt.Sprintf("C:%d/P:%d", n, n)
	}
	return strconv.FormatInt(n, 10)
}

// parseNumber reads what Number has written.
func parseNumber(text string) (int64, error) {
	if commit, there := strings.CutPrefix(text, "C:"); there {
		text, _, _ = strings.Cut(commit, "/")
	}
	return strconv.ParseInt(text, 10, 64)
}

// check refuses what EventStoreDB refuses before it looks whether there is such a group.
func (d *Definition) check(end int64) error {
	switch {
	case !d.Settings.Strategy.Known():
		return d.refuse("Consumer strategy " + string(d.Settings.Strategy) + " does not exist.")
	case d.Stream == AllStream && d.Start > end:
		return d.refuse("Invalid Start From position: commit position must be less than or equal to " +
			"the last commit position in the transaction file.")
	}
	return nil
}

// checkBuffer refuses what EventStoreDB refuses when it sets up a group.
func (d *Definition) checkBuffer() error {
	if d.Settings.ReadBatchSize >= d.Settings.HistoryBufferSize {
		return d.refuse("Specified argument was out of the range of valid values. " +
			"(Parameter 'ReadBatchSize may not be greater than or equal to BufferSize')")
	}
	return nil
}

func (d *Definition) refuse(reason string) error {
	return &Error{Kind: Refused, Stream: d.Stream, Group: d.Group, Reason: reason}
}

func milliseconds(d time.Duration) int32 { return int32(d / time.Millisecond) }
