package store

import (
	"strconv"
	"strings"
)

// LinkType is the type of an event that points to another one.
const LinkType = "$>"

// LinkTarget returns where a link points to. It reports false for an event that is no link, or whose data names no
// event.
func (r *Record) LinkTarget() (stream string, revision int64, ok bool) {
	if string(r.Type) != LinkType {
		return "", 0, false
	}
	number, stream, found := strings.Cut(string(r.Data), "@")
	if !found || stream == "" {
		return "", 0, false
	}
	revision, err := strconv.ParseInt(number, 10, 64)
	return stream, revision, err == nil && revision >= 0
}
