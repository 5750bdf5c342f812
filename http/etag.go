package http

import (
	"net/http"
	"strconv"

	"am-user-management/domain"
)

// etag is the strong entity tag of a stream's revision.
func etag(revision uint64) string { return `"` + strconv.FormatUint(revision, 10) + `"` }

// ifMatch reads the precondition of a change: the revision that the client has seen, nil if any will do. One strong
// tag or * is understood; anything else is the client's fault, and never "no precondition".
func ifMatch(header http.Header) (*uint64, error) {
	values := header["If-Match"]
	if len(values) == 0 || len(values) == 1 && values[0] == "*" {
		return nil, nil
	}
	if len(values) == 1 {
		if revision, ok := parseETag(values[0]); ok {
			return &revision, nil
		}
	}
	return nil, domain.ErrInvalid.WithFields(domain.FieldError{Field: "If-Match", Message: `must be * or one strong entity tag as in ETag, such as "3"`})
}

func parseETag(text string) (revision uint64, ok bool) {
	if len(text) < 3 || text[0] != '"' || text[len(text)-1] != '"' {
		return 0, false
	}
	revision, err := strconv.ParseUint(text[1:len(text)-1], 10, 63)
	return revision, err == nil && etag(revision) == text // no sign, no leading zeros
}
