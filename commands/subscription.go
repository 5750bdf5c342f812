package commands

import (
	"context"

	"am-user-management/domain"
	"am-user-management/domain/subscription"
)

// Subscription folds a subscription's stream: what it is now, whatever the tables say. It returns
// subscription.ErrNotFound.
func (s *Service) Subscription(ctx context.Context, user domain.ID) (Outcome[subscription.State], error) {
	outcome, exists, err := load[subscription.State, subscription.Event](ctx, s, subscription.StreamOf(user))
	if err == nil && !exists {
		err = subscription.ErrNotFound
	}
	return outcome, err
}
