package http

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"am-user-management/readmodel"
)

// ownOnboarding answers GET /users/me/onboarding. Who asks has an account, so a view without them is behind.
func (s *Server) ownOnboarding(ctx context.Context, c *call) error {
	if err := s.await(ctx, c); err != nil {
		return err
	}
	view, err := s.reader.Onboarding(ctx, uuid.UUID(c.user))
	switch {
	case errors.Is(err, readmodel.ErrNotFound):
		return errBehind
	case err != nil:
		return err
	}
	if s.steps != nil {
		view.Steps = slices.DeleteFunc(view.Steps, func(step readmodel.Step) bool {
			return step.DoneAt == nil && !slices.Contains(s.steps, step.Name)
		})
	}
	return c.answer(http.StatusOK, view)
}
