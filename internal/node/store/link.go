package store

import (
	"strconv"
	"strings"
)

// LinkType is the type of an event that points to another one.
const LinkType = "$>"

// LinkTarget returns where a link points to: LastRevision stands for the last event there, and a stream without a name for
// nowhere. It reports false for an event that is no link, or whose data does not begin with a number.
func (r *Record) LinkTarget() (stream string, revision int64, ok bool) {
	if string(r.Type) != LinkType {
		return "", 0, false
	}
	number, stream, _ := strings.Cut(string(r.Data), "@")
	revision, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	return stream, revision, err == nil
}
