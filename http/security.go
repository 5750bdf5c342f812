package http

import (
	"context"
	"log/slog"

	"am-user-management/domain"
	"am-user-management/domain/roles"
)

// tell writes the one line about a call that matters to security: a route that says so, or a permission that was
// refused on any. It says what, when, how it came out, who asked and whom it was about, all by ids: what was typed is
// nobody's business. The line of the request itself, with the same request_id, says the rest.
func (c *call) tell(ctx context.Context, err error) {
	what := c.route.Event
	problem := ""
	if err != nil {
		_, problem = problemOf(err)
	}
	if what == "" {
		if problem != roles.ErrPermissionDenied.Code {
			return
		}
		what = "access"
	}
	level, outcome := slog.LevelInfo, "ok"
	if err != nil {
		level, outcome = slog.LevelWarn, "refused"
	}
	line := []slog.Attr{
		slog.String("event", what), slog.String("outcome", outcome), slog.String("request_id", c.requestID),
		slog.String("listener", string(c.route.Listener)), slog.String("method", c.route.Method), slog.String("route", c.route.Path),
	}
	add := func(name, text string) {
		if text != "" {
			line = append(line, slog.String(name, text))
		}
	}
	add("problem", problem)
	add("user_id", idOf(c.user))
	add("session", idOf(c.session))
	add("service", c.service)
	add("target", idOf(c.target()))
	c.server.logger.LogAttrs(ctx, level, "security", line...)
}

// target is whom or what the call is about, if that has an id.
func (c *call) target() domain.ID {
	if !c.subject.IsZero() {
		return c.subject
	}
	id, err := domain.ParseID(c.Param("id"))
	if err != nil {
		return domain.ID{}
	}
	return id
}

func idOf(id domain.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}
