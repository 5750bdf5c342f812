package commands

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/plan"
	"am-user-management/domain/subscription"
	"am-user-management/domain/trial"
	"am-user-management/internal/eventstore"
)

// Subscription folds a subscription's stream: what it is now, whatever the tables say and whether or not the timer has
// come by. It returns subscription.ErrNotFound.
func (s *Service) Subscription(ctx context.Context, user domain.ID) (Outcome[subscription.State], error) {
	outcome, exists, err := load[subscription.State, subscription.Event](ctx, s, subscription.StreamOf(user))
	if err == nil && !exists {
		err = subscription.ErrNotFound
	}
	outcome.State = outcome.State.At(s.now())
	return outcome, err
}

// StartTrial starts a new user's trial, counted from the time of the request: when they became a user here. Where the person had theirs, under another account,
// there is none to start: that is noted, and no error.
func (s *Service) StartTrial(ctx context.Context, r Request, created account.UserCreated) error {
	_, err := s.startTrial(ctx, r, created.EmailClaim, subscription.StartTrial{UserID: created.UserID, From: s.at(r)})
	if errors.Is(err, subscription.ErrTrialUsed) {
		return s.FinishStep(ctx, r, created.UserID, onboarding.Trial)
	}
	return err
}

// TakeTrial starts a user's trial now, where none was started at their sign-up. It returns subscription.ErrTrialUsed,
// also if the person had it under another account.
func (s *Service) TakeTrial(ctx context.Context, r Request, user domain.ID) (Outcome[subscription.State], error) {
	_, created, err := s.Created(ctx, user)
	if err != nil {
		return Outcome[subscription.State]{}, err
	}
	start := subscription.StartTrial{UserID: user, From: s.now()}
	_, exists, err := load[subscription.State, subscription.Event](ctx, s, start.Stream())
	if err != nil {
		return Outcome[subscription.State]{}, err
	}
	if exists { // it takes no trial from anybody
		return execute(ctx, s, r, s.trialOf(start))
	}
	return s.startTrial(ctx, r, created.EmailClaim, start)
}

// startTrial takes the person's trial for the user, then starts it. The address of the sign-up is the person: another
// one later does not make them another. If it ends between the two, its repetition finds the trial taken by the user.
func (s *Service) startTrial(ctx context.Context, r Request, key string, start subscription.StartTrial) (Outcome[subscription.State], error) {
	claim := r
	claim.IfMatch = nil // it is about the subscription
	_, err := execute(ctx, s, claim, trial.Claim{Key: key, Owner: start.UserID, Now: s.at(r)})
	if errors.Is(err, trial.ErrTaken) {
		return Outcome[subscription.State]{}, subscription.ErrTrialUsed
	}
	if err != nil {
		return Outcome[subscription.State]{}, err
	}
	return execute(ctx, s, r, s.trialOf(start))
}

func (s *Service) trialOf(start subscription.StartTrial) subscription.StartTrial {
	start.PlanID, start.Days, start.Now = s.settings.TrialPlan, s.settings.TrialDays, s.now()
	return start
}

// UpgradePlan moves the user to a plan at once. autoRenew is their choice, nil for none. It returns plan.ErrNotFound
// and subscription.ErrNotAnUpgrade.
func (s *Service) UpgradePlan(ctx context.Context, r Request, user domain.ID, planID string, autoRenew *bool) (Outcome[subscription.State], error) {
	terms, err := s.terms(ctx, planID)
	if err != nil {
		return Outcome[subscription.State]{}, err
	}
	return execute(ctx, s, r, subscription.Upgrade{
		UserID: user, To: terms, AutoRenew: autoRenew, Default: s.settings.AutoRenew, Now: s.now(),
	})
}

// DowngradePlan moves the user to a plan at the end of the period. It returns plan.ErrNotFound, and
// subscription.ErrNotFound, ErrOver, ErrInTrial, ErrNotRenewing and ErrNotADowngrade.
func (s *Service) DowngradePlan(ctx context.Context, r Request, user domain.ID, planID string) (Outcome[subscription.State], error) {
	terms, err := s.terms(ctx, planID)
	if err != nil {
		return Outcome[subscription.State]{}, err
	}
	return execute(ctx, s, r, subscription.Downgrade{UserID: user, To: terms, Now: s.now()})
}

// CancelSubscription ends the subscription with its period, or at once. It returns subscription.ErrNotFound and ErrOver.
func (s *Service) CancelSubscription(ctx context.Context, r Request, user domain.ID, immediately bool) (Outcome[subscription.State], error) {
	return execute(ctx, s, r, subscription.Cancel{UserID: user, Immediately: immediately, Now: s.now()})
}

// ResumeSubscription takes back what was scheduled for the end of the period. It returns subscription.ErrNotFound and
// ErrOver.
func (s *Service) ResumeSubscription(ctx context.Context, r Request, user domain.ID) (Outcome[subscription.State], error) {
	return execute(ctx, s, r, subscription.Resume{UserID: user, Now: s.now()})
}

// SetAutoRenew says whether another period follows. It returns subscription.ErrNotFound, ErrOver and ErrInTrial.
func (s *Service) SetAutoRenew(ctx context.Context, r Request, user domain.ID, on bool) (Outcome[subscription.State], error) {
	return execute(ctx, s, r, subscription.SetAutoRenew{UserID: user, AutoRenew: on, Now: s.now()})
}

// SettleSubscription records what was due by now, for a timer that knows the stream at a revision. The stream decides:
// a timer that knows an old revision, or comes twice, changes nothing.
func (s *Service) SettleSubscription(ctx context.Context, user domain.ID, revision uint64) error {
	r := Request{
		CommandID:   uuid.NewSHA1(uuid.UUID(user), []byte("subscription-timer/"+strconv.FormatUint(revision, 10))),
		Fingerprint: "subscription-timer",
		Actor:       eventstore.Actor{ID: "subscription-timer", Kind: eventstore.Saga, OnBehalfOf: user.String()},
	}
	_, err := execute(ctx, s, r, subscription.Settle{UserID: user, Now: s.now()})
	return err
}

// terms are those of a plan now, as its stream tells them. It returns plan.ErrNotFound.
func (s *Service) terms(ctx context.Context, planID string) (subscription.Terms, error) {
	if !plan.ValidID(planID) {
		return subscription.Terms{}, plan.ErrNotFound
	}
	outcome, exists, err := load[plan.State, plan.Event](ctx, s, plan.StreamOf(planID))
	if err == nil && !exists {
		err = plan.ErrNotFound
	}
	p := outcome.State
	return subscription.Terms{
		PlanID: p.ID, PriceMinor: p.PriceMinor, Currency: p.Currency, Interval: subscription.Interval(p.Interval), Rank: p.Rank,
	}, err
}
