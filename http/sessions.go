package http

import (
	"context"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/internal/email"
	"am-user-management/internal/token"
	"am-user-management/readmodel"
)

// login is the body of POST /login.
type login struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// newSession is the answer to POST /login. SessionID is the secret, and is told here only.
type newSession struct {
	SessionID     string    `json:"session_id"`
	UserID        domain.ID `json:"user_id"`
	ExpiresAt     time.Time `json:"expires_at"`
	IdleExpiresAt time.Time `json:"idle_expires_at"`
}

// login answers POST /login. A login that is repeated under its Idempotency-Key gets the session it had.
func (s *Server) login(ctx context.Context, c *call) error {
	var body login
	if err := c.bind(&body); err != nil {
		return err
	}
	address, err := email.Parse(body.Email)
	if err != nil {
		return err
	}
	// The password is no part of what the key stands for: a wrong one must cost a hash and say what it always says.
	command, err := s.command(ctx, c, password{name: "password"})
	if err != nil {
		return err
	}
	secret := token.SessionSecret()
	if command.Fingerprint != "" {
		secret = s.tokens.FromCommand(command.CommandID, domain.ID(uuid.NewSHA1(s.namespace, []byte("login/"+address.Normal))))
	}
	hash, err := token.HashSession(secret)
	if err != nil {
		return err
	}
	outcome, err := s.commands.Login(ctx, command, commands.Credentials{
		EmailNormal: address.Normal, Password: body.Password, SecretHash: hash,
		IP: command.Client.IP.Text(), UserAgent: command.Client.UserAgent.Text(),
	})
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	c.user = outcome.State.UserID
	answer := newSession{
		SessionID: secret, UserID: outcome.State.UserID,
		ExpiresAt: outcome.State.ExpiresAt, IdleExpiresAt: outcome.State.StartedAt.Add(outcome.State.Idle),
	}
	if answer.ExpiresAt.Before(answer.IdleExpiresAt) {
		answer.IdleExpiresAt = answer.ExpiresAt
	}
	return c.answer(http.StatusOK, answer)
}

// logout answers POST /logout.
func (s *Server) logout(ctx context.Context, c *call) error {
	command, err := s.command(ctx, c)
	if err != nil {
		return err
	}
	result, err := s.commands.Logout(ctx, command, c.session)
	if err := c.wrote(result, err); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// ownSessions answers GET /sessions.
func (s *Server) ownSessions(ctx context.Context, c *call) error {
	return s.listSessions(ctx, c, c.user)
}

// usersSessions answers GET /users/{id}/sessions.
func (s *Server) usersSessions(ctx context.Context, c *call) error {
	user, err := c.id()
	if err != nil {
		return err
	}
	return s.listSessions(ctx, c, user)
}

func (s *Server) listSessions(ctx context.Context, c *call, user domain.ID) error {
	limit, after, err := s.sessionPage(c)
	if err != nil {
		return err
	}
	if err := s.await(ctx, c); err != nil {
		return err
	}
	items, err := s.reader.Sessions(ctx, uuid.UUID(user), uuid.UUID(c.session), s.clock(), after, limit+1)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, pageOf(s, items, limit, sessionCursor))
}

// endSession answers DELETE /sessions/{id}. Another user's session is not there.
func (s *Server) endSession(ctx context.Context, c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	return s.end(ctx, c, func(command commands.Request) (commands.Result, error) {
		return s.commands.EndSession(ctx, command, c.user, id)
	})
}

// endOtherSessions answers DELETE /sessions: all but the one that asks.
func (s *Server) endOtherSessions(ctx context.Context, c *call) error {
	return s.end(ctx, c, func(command commands.Request) (commands.Result, error) {
		return s.commands.EndSessions(ctx, command, c.user, c.session)
	})
}

// endUsersSessions answers DELETE /users/{id}/sessions: all of them.
func (s *Server) endUsersSessions(ctx context.Context, c *call) error {
	user, err := c.id()
	if err != nil {
		return err
	}
	return s.end(ctx, c, func(command commands.Request) (commands.Result, error) {
		return s.commands.EndSessions(ctx, command, user, domain.ID{})
	})
}

func (s *Server) end(ctx context.Context, c *call, end func(commands.Request) (commands.Result, error)) error {
	command, err := s.command(ctx, c)
	if err != nil {
		return err
	}
	if command.IfMatch, err = ifMatch(c.Request().Header); err != nil {
		return err
	}
	result, err := end(command)
	if err := c.wrote(result, err); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

const cursorSize = 8 + 16

// sessionCursor is a session's place in the list.
func sessionCursor(session readmodel.Session) []byte {
	place := binary.BigEndian.AppendUint64(make([]byte, 0, cursorSize), uint64(session.CreatedAt.UnixMicro()))
	return append(place, session.ID[:]...)
}

func (s *Server) sessionPage(c *call) (limit int, after readmodel.SessionKey, err error) {
	if limit, err = c.limit(); err != nil {
		return 0, after, err
	}
	if c.query.Has("cursor") {
		place, ok := s.cursors.open(c.query.Get("cursor"), cursorSize)
		if !ok {
			return 0, after, invalid("cursor", "must be a next_cursor of this list")
		}
		after.CreatedAt = time.UnixMicro(int64(binary.BigEndian.Uint64(place))).UTC()
		after.ID = uuid.UUID(place[8:])
	}
	return limit, after, nil
}
