package http

import (
	"context"
	"unicode/utf8"

	"github.com/google/uuid"

	"am-user-management/commands"
)

const maxIdempotencyKey = 200 // characters

// command is the request that a call makes of the commands. With an Idempotency-Key, which it remembers, its id is a
// function of the caller, the route and the key, and its fingerprint one of the body; without, both are of this call.
//
// Of passwords in the body the fingerprint keeps twelve bits: enough to notice nearly every other password, too few to
// find one by trying, should log and server secret both be stolen.
func (s *Server) command(ctx context.Context, c *call, passwords ...password) (commands.Request, error) {
	header := c.Request().Header
	request := commands.Request{
		Actor: c.actor(), Traceparent: c.traceparent, Client: s.source(c.Request()),
		CorrelationID: s.correlation(c.requestID),
	}
	key, given := header["Idempotency-Key"]
	if !given {
		request.CommandID = uuid.New()
		return request, nil
	}
	if len(key) != 1 || key[0] == "" || !utf8.ValidString(key[0]) || utf8.RuneCountInString(key[0]) > maxIdempotencyKey {
		return commands.Request{}, invalid("Idempotency-Key", "must be one text of 1 to 200 characters")
	}
	place := c.route.Method + " " + c.route.Path
	request.CommandID = uuid.NewSHA1(s.namespace, []byte(caller(request)+"\n"+place+"\n"+key[0]))
	asked := c.route.Method + " " + c.Request().URL.Path
	var fingerprint string
	var err error
	if c.route.Lines { // as they are: some may not be JSON
		fingerprint = s.tokens.Fingerprint([]byte(asked), c.body)
	} else if fingerprint, err = s.fingerprint(asked, c.body, passwords); err != nil {
		return commands.Request{}, err
	}
	request.Fingerprint = fingerprint
	return request, s.once(ctx, request)
}

// caller is the scope of an Idempotency-Key.
func caller(r commands.Request) string { return string(r.Actor.Kind) + "/" + r.Actor.ID }

// password is a member of a body that must not be found again anywhere.
type password struct{ name, text string }

func (s *Server) fingerprint(place string, body []byte, passwords []password) (string, error) {
	parts, names := [][]byte{[]byte(place)}, []string(nil)
	for _, p := range passwords {
		blurred := s.tokens.Fingerprint([]byte("password"), []byte(p.text))
		parts = append(parts, []byte(p.name), []byte(blurred[:2]))
		names = append(names, p.name)
	}
	if len(body) > 0 {
		text, err := canonical(body, names...)
		if err != nil {
			return "", err
		}
		parts = append(parts, text)
	}
	return s.tokens.Fingerprint(parts...), nil
}

// correlation ties the events of a request to its line in the log: the request id, if it is a UUID, or one made of it.
func (s *Server) correlation(requestID string) uuid.UUID {
	if id, err := uuid.Parse(requestID); err == nil && len(requestID) == 36 {
		return id
	}
	return uuid.NewSHA1(s.namespace, []byte("request/"+requestID))
}

// once records an Idempotency-Key before its command: a command that fails, changes nothing, or goes to a stream that
// the body chooses leaves no trace that another body under the same key would meet.
func (s *Server) once(ctx context.Context, r commands.Request) error {
	remembered, err := s.reader.Remember(ctx, r.CommandID, r.Fingerprint, s.clock())
	if err == nil && remembered != r.Fingerprint {
		err = commands.ErrKeyReused
	}
	return err
}
