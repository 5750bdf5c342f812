package http

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/readmodel"
)

// ownSubscription answers GET /subscription.
func (s *Server) ownSubscription(ctx context.Context, c *call) error {
	view, err := s.reader.Subscription(ctx, uuid.UUID(c.user), s.clock())
	if c.fresh.behind() || errors.Is(err, readmodel.ErrNotFound) {
		view, err = s.foldSubscription(ctx, c.user)
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
	state := outcome.State
	return readmodel.Subscription{
		UserID: uuid.UUID(state.UserID), PlanID: state.PlanID, Status: string(state.StatusAt(s.clock())),
		Trial: !state.TrialEndsAt.IsZero(), TrialEndsAt: optional(state.TrialEndsAt), ExpiresAt: state.ExpiresAt,
		Version: version(outcome.Result),
	}, nil
}

// planList is the answer to GET /plans.
type planList struct {
	Items []readmodel.Plan `json:"items"`
}

// listPlans answers GET /plans.
func (s *Server) listPlans(ctx context.Context, c *call) error {
	if err := s.await(ctx, c); err != nil {
		return err
	}
	items, err := s.reader.Plans(ctx)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, planList{Items: items})
}
