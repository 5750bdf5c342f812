package http

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// Freshness knows how far the read model has come in the log, and waits for it. The feed implements it.
type Freshness interface {
	// Current is how far a projection came, or is known to have come: never further than it did.
	Current(projection string) (eventstore.Position, error)
	// Wait returns once the projection applied everything up to a position, and how far it is then; or why it is not
	// there when ctx ends, or will not get there.
	Wait(ctx context.Context, projection string, p eventstore.Position) (eventstore.Position, error)
}

const (
	defaultWait = 2 * time.Second
	longestWait = 10 * time.Second
)

// freshness is what a read wants to include, and what the view it reads includes.
type freshness struct {
	wanted    eventstore.Position // of the Consistency-Token
	wait      time.Duration
	preferred bool // the client said how long to wait
	known     bool
	current   eventstore.Position // of the view, before it was read
}

// readFreshness reads what the client wants and how far the view is.
func (s *Server) readFreshness(c *call) error {
	header := c.Request().Header
	wanted, err := s.positions.parseOptional(header["Consistency-Token"])
	if err != nil {
		return err
	}
	current, err := s.freshness.Current(c.route.Reads)
	if err != nil {
		return err
	}
	c.fresh = freshness{wanted: wanted, wait: defaultWait, known: true, current: current}
	if seconds, ok := preferredWait(header["Prefer"]); ok {
		c.fresh.wait, c.fresh.preferred = min(seconds, longestWait), true
	}
	return nil
}

// behind reports whether the view lacks what the client wants to see.
func (f *freshness) behind() bool { return f.current.Less(f.wanted) }

// await lets the view catch up with the client's own writes. It returns projection.behind when that takes too long.
func (s *Server) await(ctx context.Context, c *call) error {
	f := &c.fresh
	if !f.behind() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	current, err := s.freshness.Wait(ctx, c.route.Reads, f.wanted)
	if f.current.Less(current) {
		f.current = current
	}
	if err != nil {
		detail := fmt.Sprintf("The %s view did not get there within %v.", c.route.Reads, f.wait)
		return fmt.Errorf("%w (%w)", errBehind.WithDetail(detail), err)
	}
	return nil
}

// onboardings are the sagas that make what a new user has.
var onboardings = [...]string{"saga-onboarding", "saga-onboarding-imported"}

// folded folds what a saga makes of a new user: a profile, a trial. If it is not there, but the client's token is of
// after the user was made, the saga is waited for: then it is there, or will not be.
func folded[T any](ctx context.Context, c *call, fold func() (T, error)) (T, error) {
	found, err := fold()
	rule, isRule := errors.AsType[*domain.Error](err)
	if !isRule || rule.Kind != domain.NotFound || c.fresh.wanted.IsZero() {
		return found, err
	}
	if err := c.server.onboarded(ctx, c.fresh.wanted, c.fresh.wait); err != nil {
		detail := fmt.Sprintf("What a new user gets was not there within %v.", c.fresh.wait)
		return found, fmt.Errorf("%w (%w)", errBehind.WithDetail(detail), err)
	}
	return fold()
}

// provision carries out again what failed because a saga had not made it yet for a new user: whoever signs up may go on at
// once, with a Consistency-Token or without one. Where the user is missing, too, or the saga comes late, that is the error.
func (s *Server) provision(ctx context.Context, c *call, failed error) error {
	created, _, unknown := s.commands.Created(ctx, c.user)
	if unknown != nil {
		return failed
	}
	if late := s.onboarded(ctx, created.Position, defaultWait); late != nil {
		return fmt.Errorf("%w (%w)", errOnboarding, late)
	}
	return c.route.handle(ctx, c)
}

// onboarded returns once the sagas that make what a new user has have come to a position, or why they are not there in time.
func (s *Server) onboarded(ctx context.Context, at eventstore.Position, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for _, saga := range onboardings {
		if _, err := s.freshness.Current(saga); err != nil {
			continue // what it makes is switched off
		}
		if _, err := s.freshness.Wait(ctx, saga, at); err != nil {
			return err
		}
	}
	return nil
}

// tell answers how far the view was: a token like any other, so that a later read never goes back behind this one.
func (f *freshness) tell(c *call) {
	if !f.known {
		return
	}
	c.set("Projection-Position", c.server.positions.Text(f.current))
	if f.preferred {
		c.set("Preference-Applied", "wait="+strconv.Itoa(int(f.wait/time.Second)))
	}
}

// preferredWait finds wait=<seconds> among the preferences (RFC 7240). What it does not understand it ignores, as
// that RFC wants.
func preferredWait(values []string) (time.Duration, bool) {
	for _, value := range values {
		for preference := range strings.SplitSeq(value, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, seconds, _ := strings.Cut(preference, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			count, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(seconds), `"`), 10, 31)
			return time.Duration(count) * time.Second, err == nil // the first one counts
		}
	}
	return 0, false
}
