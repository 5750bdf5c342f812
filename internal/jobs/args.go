package jobs

import (
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"am-user-management/domain"
	"am-user-management/domain/onboarding"
)

// The queues. Each has workers of its own, so that a slow mail server keeps no other effect waiting.
const (
	mailQueue  = "mail"
	tokenQueue = "token"
	innerQueue = river.QueueDefault
	// importQueue is for work that takes long.
	importQueue = "import"
)

// verifyEmail is the name of the one mail that is a step of somebody's onboarding.
const verifyEmail = "verify_email"

// Arguments are ids only: what a mail says and where it goes is looked up when it is sent, so that no address and no
// token stands in the queue, and an erased person is not written to. "user_id" and "step" are read by the onboarding
// view.

// sendMail asks for one mail. Step is set on mails of the onboarding only. RequestID is what the mail is about: a
// request, or an event.
type sendMail struct {
	UserID    domain.ID       `json:"user_id"`
	Step      onboarding.Step `json:"step,omitempty"`
	RequestID domain.ID       `json:"request_id"`
	Template  string          `json:"template"`
}

// Kind never changes.
func (sendMail) Kind() string { return "send_mail" }

// InsertOpts makes the same mail one job.
func (sendMail) InsertOpts() river.InsertOpts { return once(mailQueue) }

// notifyTokenService asks to tell the token service about a user.
type notifyTokenService struct {
	UserID domain.ID       `json:"user_id"`
	Step   onboarding.Step `json:"step"`
	Reason string          `json:"reason"`
}

// Kind never changes.
func (notifyTokenService) Kind() string { return "notify_token_service" }

// InsertOpts makes the same notice one job.
func (notifyTokenService) InsertOpts() river.InsertOpts { return once(tokenQueue) }

// revokeTokens asks to tell the token service that all tokens of a user are void. EventID is the event that voids them.
type revokeTokens struct {
	UserID  domain.ID `json:"user_id"`
	EventID domain.ID `json:"event_id"`
	Reason  string    `json:"reason"`
}

// Kind never changes.
func (revokeTokens) Kind() string { return "revoke_tokens" }

// InsertOpts makes the same notice one job.
func (revokeTokens) InsertOpts() river.InsertOpts { return once(tokenQueue) }

// finishOnboarding asks to do a step again that failed when it was tried at once.
type finishOnboarding struct {
	UserID domain.ID       `json:"user_id"`
	Step   onboarding.Step `json:"step"`
}

// Kind never changes.
func (finishOnboarding) Kind() string { return "finish_onboarding" }

// InsertOpts makes the same step one job.
func (finishOnboarding) InsertOpts() river.InsertOpts { return once(innerQueue) }

// reapEmailClaims asks to release the claims of sign-ups that never finished.
type reapEmailClaims struct{}

// Kind never changes.
func (reapEmailClaims) Kind() string { return "reap_email_claims" }

// reapAttempts is how often one run is tried: for a day, if it runs every minute.
const reapAttempts = 24 * 60

// InsertOpts lets one run exist at a time: while it fails it is tried again at the pace of the runs, in place of them.
func (reapEmailClaims) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: innerQueue, MaxAttempts: reapAttempts, UniqueOpts: river.UniqueOpts{ByState: unfinished()}}
}

// settleSubscriptions asks to record what is due for subscriptions.
type settleSubscriptions struct{}

// Kind never changes.
func (settleSubscriptions) Kind() string { return "settle_subscriptions" }

// settleAttempts is how often one run is tried: for a day, if it is tried again every settleAgain.
const settleAttempts = 24 * 60 * 4

// InsertOpts lets one run exist at a time: while it fails it is tried again, in place of the next ones.
func (settleSubscriptions) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: innerQueue, MaxAttempts: settleAttempts, UniqueOpts: river.UniqueOpts{ByState: unfinished()}}
}

// once makes equal arguments one job for as long as the job is kept, also when it ended badly: the way to try that
// again is Retry.
func once(queue string) river.InsertOpts {
	states := append(unfinished(), rivertype.JobStateCompleted, rivertype.JobStateCancelled, rivertype.JobStateDiscarded)
	return river.InsertOpts{Queue: queue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: states}}
}

func unfinished() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}
}
