package http

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
)

const maxRequestID = 128

// requestID is the id that the client gave the request, or a new one.
func requestID(header http.Header) string {
	if values := header["X-Request-Id"]; len(values) == 1 && printable(values[0]) {
		return values[0]
	}
	return uuid.NewString()
}

// printable reports whether a text can stand in a header, a log and a URI reference: visible ASCII, not too long.
func printable(text string) bool {
	if text == "" || len(text) > maxRequestID {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// traceparent is the W3C trace context of the request, "" if there is none or it breaks the syntax.
func traceparent(header http.Header) string {
	if values := header["Traceparent"]; len(values) == 1 && validTraceparent(values[0]) {
		return values[0]
	}
	return ""
}

// validTraceparent checks version-traceid-parentid-flags (W3C Trace Context, 3.2). Versions to come may append
// members; ff is no version.
func validTraceparent(text string) bool {
	const length = 55
	if len(text) < length || len(text) > 128 || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return false
	}
	version, trace, parent, flags := text[:2], text[3:35], text[36:52], text[53:length]
	if !lowerHex(version) || !lowerHex(trace) || !lowerHex(parent) || !lowerHex(flags) {
		return false
	}
	switch {
	case version == "ff", strings.Trim(trace, "0") == "", strings.Trim(parent, "0") == "":
		return false
	case len(text) == length:
		return true
	}
	return version != "00" && text[length] == '-' && printable(text)
}

func lowerHex(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
