package http

// For the table tests of package http_test.
var (
	IfMatch       = ifMatch
	ClientIP      = clientIP
	Traceparent   = traceparent
	RequestID     = requestID
	PreferredWait = preferredWait
	Bearer        = bearer
	ReadBody      = readBody
	ProblemOf     = func(err error) (status int, code string) {
		p, code := problemOf(err)
		return p.Status, code
	}
)
