package http

import (
	"context"
	"net/http"
	"time"

	"am-user-management/domain"
)

// erasure is how far an erasure is. It does not tell whose.
type erasure struct {
	ErasureID   string     `json:"erasure_id"`
	State       string     `json:"state"` // pending or done
	RequestedAt time.Time  `json:"requested_at"`
	DoneAt      *time.Time `json:"done_at,omitempty"`
}

// errNoErasure: the text names no erasure.
var errNoErasure = &domain.Error{Kind: domain.NotFound, Code: "account.erasure-not-found", Title: "There is no such erasure."}

// erasureStatus answers GET /erasures/{id}. It folds the stream: what was answered a moment ago is never unknown.
func (s *Server) erasureStatus(ctx context.Context, c *call) error {
	id := c.Param("id")
	user, request, err := s.tokens.Parse(erasureToken, id)
	if err != nil {
		return errNoErasure
	}
	state, err := s.commands.Erasure(ctx, user, request)
	if err != nil {
		return err
	}
	answer := erasure{ErasureID: id, State: "pending", RequestedAt: state.ErasureRequestedAt}
	if state.Erased {
		answer.State, answer.DoneAt = "done", optional(state.ErasedAt)
	}
	return c.answer(http.StatusOK, answer)
}
