package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/plan"
	"am-user-management/domain/subscription"
	"am-user-management/readmodel"
)

// ownSubscription answers GET /subscription.
func (s *Server) ownSubscription(ctx context.Context, c *call) error {
	view, err := s.reader.Subscription(ctx, uuid.UUID(c.user), s.clock())
	if c.fresh.behind() || view.Late || errors.Is(err, readmodel.ErrNotFound) {
		view, err = folded(ctx, c, func() (readmodel.Subscription, error) { return s.foldSubscription(ctx, c.user) })
	}
	if err != nil {
		return err
	}
	return c.answerEntity(view.Version.Revision, view)
}

// foldSubscription is the subscription as its stream tells it, where the table does not know it or not all of it yet.
func (s *Server) foldSubscription(ctx context.Context, user domain.ID) (readmodel.Subscription, error) {
	outcome, err := s.commands.Subscription(ctx, user)
	if err != nil {
		return readmodel.Subscription{}, err
	}
	return s.subscriptionView(outcome), nil
}

func (s *Server) subscriptionView(outcome commands.Outcome[subscription.State]) readmodel.Subscription {
	now := s.clock()
	state := outcome.State.At(now)
	view := readmodel.Subscription{
		UserID: uuid.UUID(state.UserID), PlanID: state.Terms.PlanID, Status: string(state.StatusAt(now)), Trial: state.Trial,
		ExpiresAt: state.ExpiresAt, AutoRenew: state.AutoRenew, CancelAtPeriodEnd: state.CancelAtPeriodEnd,
		Version: version(outcome.Result),
	}
	if state.Trial {
		view.TrialEndsAt = &state.TrialEndsAt
	} else {
		interval := string(state.Terms.Interval)
		view.Price, view.Currency, view.Interval = &state.Terms.PriceMinor, &state.Terms.Currency, &interval
	}
	if state.Next != nil {
		view.NextPlanID = &state.Next.PlanID
	}
	return view
}

// startTrial answers POST /subscription/trial.
func (s *Server) startTrial(ctx context.Context, c *call) error {
	return s.changeSubscription(ctx, c, func(r commands.Request) (commands.Outcome[subscription.State], error) {
		return s.commands.TakeTrial(ctx, r, c.user)
	})
}

// upgradeTo is the body of POST /subscription/upgrade.
type upgradeTo struct {
	PlanID    string `json:"plan_id"`
	AutoRenew *bool  `json:"auto_renew,omitzero"`
}

// upgradePlan answers POST /subscription/upgrade.
func (s *Server) upgradePlan(ctx context.Context, c *call) error {
	var body upgradeTo
	if err := c.bind(&body); err != nil {
		return err
	}
	if body.PlanID == "" {
		return invalid("plan_id", "is required")
	}
	return s.changeSubscription(ctx, c, func(r commands.Request) (commands.Outcome[subscription.State], error) {
		return s.commands.UpgradePlan(ctx, r, c.user, body.PlanID, body.AutoRenew)
	})
}

// downgradeTo is the body of POST /subscription/downgrade.
type downgradeTo struct {
	PlanID string `json:"plan_id"`
}

// downgradePlan answers POST /subscription/downgrade.
func (s *Server) downgradePlan(ctx context.Context, c *call) error {
	var body downgradeTo
	if err := c.bind(&body); err != nil {
		return err
	}
	if body.PlanID == "" {
		return invalid("plan_id", "is required")
	}
	return s.changeSubscription(ctx, c, func(r commands.Request) (commands.Outcome[subscription.State], error) {
		return s.commands.DowngradePlan(ctx, r, c.user, body.PlanID)
	})
}

// cancellation is the body of POST /subscription/cancel.
type cancellation struct {
	Immediately bool `json:"immediately,omitzero"`
}

// cancelSubscription answers POST /subscription/cancel.
func (s *Server) cancelSubscription(ctx context.Context, c *call) error {
	var body cancellation
	if err := c.bind(&body); err != nil {
		return err
	}
	return s.changeSubscription(ctx, c, func(r commands.Request) (commands.Outcome[subscription.State], error) {
		return s.commands.CancelSubscription(ctx, r, c.user, body.Immediately)
	})
}

// resumeSubscription answers POST /subscription/resume.
func (s *Server) resumeSubscription(ctx context.Context, c *call) error {
	return s.changeSubscription(ctx, c, func(r commands.Request) (commands.Outcome[subscription.State], error) {
		return s.commands.ResumeSubscription(ctx, r, c.user)
	})
}

// subscriptionPatch is the body of PATCH /subscription.
type subscriptionPatch struct {
	AutoRenew *bool `json:"auto_renew"`
}

// patchSubscription answers PATCH /subscription.
func (s *Server) patchSubscription(ctx context.Context, c *call) error {
	var body subscriptionPatch
	if err := c.bind(&body); err != nil {
		return err
	}
	if body.AutoRenew == nil {
		return invalid("auto_renew", "is required")
	}
	return s.changeSubscription(ctx, c, func(r commands.Request) (commands.Outcome[subscription.State], error) {
		return s.commands.SetAutoRenew(ctx, r, c.user, *body.AutoRenew)
	})
}

// changeSubscription makes a change, and answers the subscription after it.
func (s *Server) changeSubscription(ctx context.Context, c *call, change func(commands.Request) (commands.Outcome[subscription.State], error)) error {
	command, err := s.change(ctx, c)
	if err != nil {
		return err
	}
	outcome, err := change(command)
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	view := s.subscriptionView(outcome)
	return c.answerEntity(view.Version.Revision, view)
}

// change is the request of a change that may insist on a revision.
func (s *Server) change(ctx context.Context, c *call) (commands.Request, error) {
	command, err := s.command(ctx, c)
	if err == nil {
		command.IfMatch, err = ifMatch(c.Request().Header)
	}
	return command, err
}

// listPlans answers GET /plans.
func (s *Server) listPlans(ctx context.Context, c *call) error {
	at, err := s.shortPlace(c)
	if err != nil {
		return err
	}
	if err := s.await(ctx, c); err != nil {
		return err
	}
	items, err := s.reader.Plans(ctx)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, shortPage(s, at, items, func(p readmodel.Plan) string {
		return fmt.Sprintf("%016x%s", uint64(p.Rank)^1<<63, p.ID) // negative ranks first
	}))
}

// planDefinition is the body of PUT /plans/{id}. The price is in the smallest unit of the currency; without a currency it is
// that of the installation.
type planDefinition struct {
	Name     string   `json:"name"`
	Price    int64    `json:"price,omitzero"`
	Currency string   `json:"currency,omitzero"`
	Interval string   `json:"interval"`
	Features []string `json:"features,omitzero"`
	Rank     int      `json:"rank,omitzero"`
}

// definePlan answers PUT /plans/{id}.
func (s *Server) definePlan(ctx context.Context, c *call) error {
	var body planDefinition
	if err := c.bind(&body); err != nil {
		return err
	}
	command, err := s.change(ctx, c)
	if err != nil {
		return err
	}
	outcome, err := s.commands.DefinePlan(ctx, command, plan.Define{
		ID: c.Param("id"), Name: body.Name, PriceMinor: body.Price, Currency: body.Currency,
		Interval: plan.Interval(body.Interval), Features: body.Features, Rank: body.Rank,
	})
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	state := outcome.State
	return c.answerEntity(outcome.Revision, readmodel.Plan{
		ID: state.ID, Name: state.Name, Price: state.PriceMinor, Currency: state.Currency,
		Interval: string(state.Interval), Features: append([]string{}, state.Features...), Rank: state.Rank,
	})
}
