package jobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"am-user-management/domain"
	"am-user-management/domain/onboarding"
)

const (
	// crowd is from how many effects at once the token service's are put into common jobs, of that many users: a job costs
	// as much as what it does, and an import brings a million.
	crowd = 50
	// crowdParallel is how many users of one such job are told of at once.
	crowdParallel = 8
	// handOver is how long it may take to give those who failed jobs of their own, when the attempt's time is over.
	handOver = 5 * time.Second
)

// notifyTokenServiceOfMany asks to tell the token service about many users. Those for whom that fails get jobs of their
// own, so that it is done once and never fails for others' sake.
type notifyTokenServiceOfMany struct {
	UserIDs []domain.ID `json:"user_ids"`
}

// Kind never changes.
func (notifyTokenServiceOfMany) Kind() string { return "notify_token_service_of_many" }

// InsertOpts makes the same notice one job.
func (notifyTokenServiceOfMany) InsertOpts() river.InsertOpts { return once(tokenQueue) }

// InsertCrowdTx is InsertOnboardingTx for a crowd: what the token service is to be told is put into few jobs. The same
// effects in another order are other jobs; what was done is not done again all the same.
func (q *Queue) InsertCrowdTx(ctx context.Context, tx pgx.Tx, effects ...Effect) error {
	var users []domain.ID
	var others []Effect
	for _, effect := range effects {
		if effect.Step == onboarding.Token && effect.Failure == "" {
			users = append(users, effect.User)
		} else {
			others = append(others, effect)
		}
	}
	if len(users) < crowd {
		return q.InsertOnboardingTx(ctx, tx, effects...)
	}
	var params []river.InsertManyParams
	for len(users) > 0 {
		some := users[:min(crowd, len(users))]
		users = users[len(some):]
		params = append(params, river.InsertManyParams{Args: notifyTokenServiceOfMany{UserIDs: some}})
	}
	if _, err := q.client.InsertManyTx(ctx, tx, params); err != nil {
		return err
	}
	return q.InsertOnboardingTx(ctx, tx, others...)
}

// tellOfMany tells the token service about users, and leaves those for whom that fails to jobs of their own.
func tellOfMany(ctx context.Context, effects Effects, users []domain.ID) error {
	failures := make([]error, len(users))
	var group errgroup.Group
	group.SetLimit(crowdParallel)
	for i, user := range users {
		group.Go(func() error {
			failures[i] = effects.TellTokenService(ctx, user)
			return nil
		})
	}
	_ = group.Wait() // nothing fails for all
	var left []river.InsertManyParams
	for i, failure := range failures {
		if failure == nil {
			continue
		}
		param, err := Effect{User: users[i], Step: onboarding.Token}.param(failure.Error())
		if err != nil {
			return err
		}
		left = append(left, param)
	}
	if len(left) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handOver)
	defer cancel()
	client, err := river.ClientFromContextSafely[pgx.Tx](ctx)
	if err != nil {
		return err
	}
	_, err = client.InsertMany(ctx, left)
	return err
}
