package trial

import (
	"time"

	"am-user-management/domain"
)

// Claim takes the trial of a person for an account.
type Claim struct {
	Key   string
	Owner domain.ID
	Now   time.Time
}

// Stream is the address's.
func (c Claim) Stream() string { return StreamOf(c.Key) }

// Decide takes the trial, for good.
//
//	GIVEN a trial that nobody had
//	THEN  TrialClaimed
//	ERROR ErrTaken when another account has it
//	IDEMPOTENCY nothing when the owner has it
func (c Claim) Decide(s State) ([]Event, error) {
	switch {
	case s.Owner.IsZero():
		return []Event{TrialClaimed{Owner: c.Owner, ClaimedAt: c.Now}}, nil
	case s.Owner != c.Owner:
		return nil, ErrTaken
	}
	return nil, nil
}
