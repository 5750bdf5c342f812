package http

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"am-user-management/domain"
	"am-user-management/internal/token"
	"am-user-management/readmodel"
)

// introspection is the body of POST /internal/v1/sessions/introspect.
type introspection struct {
	SessionID string `json:"session_id"`
}

// introspected tells about a session. Of one that may not be used it tells nothing but that.
type introspected struct {
	Active      bool       `json:"active"`
	UserID      *domain.ID `json:"user_id,omitempty"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
	Roles       []string   `json:"roles,omitzero"`
	Permissions []string   `json:"permissions,omitzero"`
}

// introspectSession answers POST /internal/v1/sessions/introspect. Being asked about is no use of a session: it does not
// keep it from idling.
func (s *Server) introspectSession(ctx context.Context, c *call) error {
	var body introspection
	if err := c.bind(&body); err != nil {
		return err
	}
	if body.SessionID == "" {
		return invalid("session_id", "is required")
	}
	text, err := token.HashSession(body.SessionID)
	if err != nil {
		return c.answer(http.StatusOK, introspected{})
	}
	hash, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	principal, err := s.reader.Principal(ctx, hash, s.clock())
	switch {
	case errors.Is(err, readmodel.ErrNoSession) || errors.Is(err, readmodel.ErrInactive):
		return c.answer(http.StatusOK, introspected{})
	case err != nil:
		return err
	}
	user := domain.ID(principal.UserID)
	return c.answer(http.StatusOK, introspected{
		Active: true, UserID: &user, ExpiresAt: &principal.ExpiresAt, Roles: principal.Roles, Permissions: principal.Permissions,
	})
}
