package codec

import (
	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/admins"
	"am-user-management/domain/email"
	"am-user-management/domain/notice"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/plan"
	"am-user-management/domain/profile"
	"am-user-management/domain/roles"
	"am-user-management/domain/session"
	"am-user-management/domain/subscription"
	"am-user-management/domain/trial"
)

// All is the one list of modules whose events this program knows. A new module adds a line.
func All() [][]domain.Event {
	return [][]domain.Event{
		access.Events,
		account.Events,
		admins.Events,
		email.Events,
		notice.Events,
		onboarding.Events,
		plan.Events,
		profile.Events,
		roles.Events,
		session.Events,
		subscription.Events,
		trial.Events,
	}
}
