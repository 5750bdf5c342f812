package http

import (
	"context"
	"net/http"
	"time"

	"am-user-management/internal/clock"
)

// devClockRoutes show and move the service's clock. They are mounted in development only, and are no part of the
// contract.
func (s *Server) devClockRoutes(c *clock.Clock) []Route {
	return []Route{
		{
			Listener: Public, Method: http.MethodGet, Path: "/dev/clock", Auth: Anonymous, Status: http.StatusOK,
			handle: func(_ context.Context, call *call) error { return call.answer(http.StatusOK, shown(c)) },
		},
		{
			Listener: Public, Method: http.MethodPost, Path: "/dev/clock", Auth: Anonymous, Body: clockMove{}, Status: http.StatusOK,
			handle: func(_ context.Context, call *call) error { return moveClock(call, c) },
		},
	}
}

// clockMove is the body of POST /dev/clock: how far to move the clock, such as "36h" or "-90m".
type clockMove struct {
	Advance string `json:"advance"`
}

// clockTime is what the clock shows, and how far it is ahead of the real one.
type clockTime struct {
	Now    time.Time `json:"now"`
	Offset string    `json:"offset"`
}

func shown(c *clock.Clock) clockTime {
	return clockTime{Now: c.Now().UTC().Truncate(time.Microsecond), Offset: c.Offset().String()}
}

// moveClock answers POST /dev/clock.
func moveClock(call *call, c *clock.Clock) error {
	var body clockMove
	if err := call.bind(&body); err != nil {
		return err
	}
	advance, err := time.ParseDuration(body.Advance)
	if err != nil {
		return invalid("advance", "must be a duration such as 36h or -90m, of at most 290 years")
	}
	if err := c.Advance(advance); err != nil {
		return invalid("advance", err.Error())
	}
	return call.answer(http.StatusOK, shown(c))
}
