package http

import "net/http"

// For the table tests of package http_test.
var (
	IfMatch       = ifMatch
	ClientIP      = clientIP
	Traceparent   = traceparent
	RequestID     = requestID
	PreferredWait = preferredWait
	Bearer        = bearer
	ReadQuery     = readQuery
	ReadBody      = func(w http.ResponseWriter, r *http.Request) ([]byte, error) { return readBody(w, r, false) }
	ProblemOf     = func(err error) (status int, code string) {
		p, code := problemOf(err)
		return p.Status, code
	}
)
