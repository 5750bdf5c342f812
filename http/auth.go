package http

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/roles"
	"am-user-management/internal/token"
	"am-user-management/readmodel"
)

// Auth is what a route asks of its caller.
type Auth string

// The requirements.
const (
	// Anonymous: nothing.
	Anonymous Auth = "anonymous"
	// Session: the session_id of a login, as bearer.
	Session Auth = "session"
	// ServiceKey: the key of a service, as bearer; never a session.
	ServiceKey Auth = "service-key"
)

// authenticate finds out who calls. Whatever is wrong with the credentials, the answer is the same.
func (s *Server) authenticate(ctx context.Context, c *call) error {
	switch {
	case c.route.Auth == Anonymous:
		return nil
	case c.route.Auth == Session:
		return s.authenticateSession(ctx, c)
	case c.route.Auth == ServiceKey:
		name, ok := s.serviceKeys.find(bearer(c.Request().Header))
		if !ok {
			return errUnauthenticated
		}
		c.service = name
		return nil
	}
	return errUnauthenticated
}

// authenticateSession finds the user of a session, in one query.
func (s *Server) authenticateSession(ctx context.Context, c *call) error {
	hash, err := sessionHash(c.Request().Header)
	if err != nil {
		return err
	}
	if c.route.Permission != "" || c.route.resolves {
		return s.authorize(ctx, c, hash)
	}
	caller, err := s.reader.Caller(ctx, hash, s.clock())
	return s.accept(c, caller, err)
}

// authorize finds the user of a session with what their roles permit, in one query of tables that are applied inline:
// a role that was taken is gone on every instance.
func (s *Server) authorize(ctx context.Context, c *call, hash []byte) error {
	principal, err := s.reader.Principal(ctx, hash, s.clock())
	if err := s.accept(c, principal.Caller, err); err != nil {
		return err
	}
	c.permissions = principal.Permissions
	if c.route.Permission != "" && !roles.Allows(c.permissions, c.route.Permission) {
		return roles.ErrPermissionDenied
	}
	return nil
}

// accept is the outcome of a query for the caller. Every session that does not hold is the same to the client.
func (s *Server) accept(c *call, caller readmodel.Caller, err error) error {
	switch {
	case errors.Is(err, readmodel.ErrNoSession):
		return errUnauthenticated
	case errors.Is(err, readmodel.ErrInactive):
		return account.ErrInactive
	case err != nil:
		return err
	}
	c.user, c.session = domain.ID(caller.UserID), domain.ID(caller.SessionID)
	s.activity.note(caller, s.clock())
	return nil
}

// sessionHash is what is stored of the session that the request shows.
func sessionHash(header http.Header) ([]byte, error) {
	text, err := token.HashSession(bearer(header))
	if err != nil {
		return nil, errUnauthenticated
	}
	return hex.DecodeString(text)
}

// bearer is the credential of the request, "" if there is none or more than one.
func bearer(header http.Header) string {
	const scheme = "bearer "
	values := header["Authorization"]
	if len(values) != 1 || len(values[0]) < len(scheme) || !strings.EqualFold(values[0][:len(scheme)], scheme) {
		return ""
	}
	return values[0][len(scheme):]
}

// serviceKeys are the credentials of services, as hashes: comparing them tells nothing about the keys.
type serviceKeys map[string][sha256.Size]byte

func newServiceKeys(keys map[string]string) serviceKeys {
	hashed := make(serviceKeys, len(keys))
	for name, key := range keys {
		if key != "" {
			hashed[name] = sha256.Sum256([]byte(key))
		}
	}
	return hashed
}

func (k serviceKeys) find(credential string) (name string, ok bool) {
	if credential == "" {
		return "", false
	}
	hash := sha256.Sum256([]byte(credential))
	for candidate, key := range k {
		if subtle.ConstantTimeCompare(hash[:], key[:]) == 1 {
			name, ok = candidate, true
		}
	}
	return name, ok
}
