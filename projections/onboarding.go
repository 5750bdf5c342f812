package projections

import (
	"time"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/profile"
	"am-user-management/domain/subscription"
	"am-user-management/internal/eventstore"
)

type onboardingRow struct {
	mark
	UserID     uuid
	CreatedAt  *time.Time
	MailWanted bool
	TrialAt    *time.Time
	ProfileAt  *time.Time
	RoleAt     *time.Time
	MailAt     *time.Time
	TokenAt    *time.Time
}

// newOnboarding projects what happened to each user since the sign-up: one row per user, from the events of the
// modules that do the steps.
func newOnboarding() *table[uuid, onboardingRow, *onboardingRow] {
	events := types(onboarding.Events, []domain.Event{
		account.UserCreated{},
		account.EmailVerificationRequested{},
		subscription.TrialStarted{},
		profile.ProfileCreated{},
		access.RoleAssigned{},
	})
	return byLog("onboarding", events, onboardingKey, foldOnboarding,
		func(e *eventstore.Envelope) bool {
			_, created := e.Event.(account.UserCreated)
			return created
		},
		plain("user_id", "uuid", func(r *onboardingRow) *uuid { return &r.UserID }),
		plain("created_at", "timestamptz", func(r *onboardingRow) **time.Time { return &r.CreatedAt }),
		plain("mail_wanted", "boolean", func(r *onboardingRow) *bool { return &r.MailWanted }),
		plain("trial_at", "timestamptz", func(r *onboardingRow) **time.Time { return &r.TrialAt }),
		plain("profile_at", "timestamptz", func(r *onboardingRow) **time.Time { return &r.ProfileAt }),
		plain("role_at", "timestamptz", func(r *onboardingRow) **time.Time { return &r.RoleAt }),
		plain("mail_at", "timestamptz", func(r *onboardingRow) **time.Time { return &r.MailAt }),
		plain("token_at", "timestamptz", func(r *onboardingRow) **time.Time { return &r.TokenAt }),
	)
}

func onboardingKey(envelope *eventstore.Envelope) (uuid, bool) {
	switch e := envelope.Event.(type) {
	case account.UserCreated:
		return uuid(e.UserID), true
	case account.EmailVerificationRequested:
		return uuid(e.UserID), true
	case subscription.TrialStarted:
		return uuid(e.UserID), true
	case profile.ProfileCreated:
		return uuid(e.UserID), true
	case access.RoleAssigned:
		return uuid(e.UserID), true
	case onboarding.StepDone:
		return uuid(e.UserID), true
	}
	return uuid{}, false
}

func foldOnboarding(r *onboardingRow, envelope *eventstore.Envelope) {
	r.UserID, _ = onboardingKey(envelope)
	switch e := envelope.Event.(type) {
	case account.UserCreated:
		first(&r.CreatedAt, e.CreatedAt)
	case account.EmailVerificationRequested:
		r.MailWanted = true
	case subscription.TrialStarted:
		first(&r.TrialAt, e.StartedAt)
	case profile.ProfileCreated:
		first(&r.ProfileAt, e.CreatedAt)
	case access.RoleAssigned:
		first(&r.RoleAt, e.At)
	case onboarding.StepDone:
		switch e.Step {
		case onboarding.Mail:
			first(&r.MailAt, e.At)
		case onboarding.Token:
			first(&r.TokenAt, e.At)
		case onboarding.Trial: // the person had theirs already
			first(&r.TrialAt, e.At)
		case onboarding.Profile, onboarding.Role:
			// The modules that do these steps have events of their own.
		}
	}
}
