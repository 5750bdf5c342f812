package onboarding

import (
	"time"

	"am-user-management/domain"
)

// FinishStep notes that a step was done.
type FinishStep struct {
	UserID domain.ID
	Step   Step // Mail or Token; Trial where there is none to start
	Now    time.Time
}

// Stream is the onboarding's.
func (c FinishStep) Stream() string { return StreamOf(c.UserID) }

// Decide notes the step.
//
//	GIVEN a step that was not done
//	THEN  StepDone
//	ERROR ErrInvalid for a step that other events tell about
//	IDEMPOTENCY nothing when it was done before
func (c FinishStep) Decide(s State) ([]Event, error) {
	switch {
	case c.Step != Mail && c.Step != Token && c.Step != Trial:
		return nil, domain.ErrInvalid.WithFields(domain.FieldError{Field: "step", Message: "must be mail, token or trial"})
	case s.Done[c.Step]:
		return nil, nil
	}
	return []Event{StepDone{UserID: c.UserID, Step: c.Step, At: c.Now}}, nil
}
