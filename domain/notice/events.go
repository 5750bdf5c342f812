package notice

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to the notices about a user.
//
//sumtype:decl
type Event interface {
	domain.Event
	notice()
}

// NoticeGiven tells that a mail was handed over, or another service was told.
type NoticeGiven struct {
	UserID domain.ID `json:"user_id"`
	// EffectID names the notice: the Message-ID of a mail, the Idempotency-Key of a call.
	EffectID domain.ID `json:"effect_id"`
	// About is what the notice was: the name of the mail, or of what was told.
	About string    `json:"about"`
	At    time.Time `json:"at"`
}

// EventType is the name on the wire.
func (NoticeGiven) EventType() string { return "notice.notice_given.v1" }

func (NoticeGiven) notice() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{NoticeGiven{}}
