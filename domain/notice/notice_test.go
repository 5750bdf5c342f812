package notice_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/notice"
	"am-user-management/internal/estest"
)

func TestGive(t *testing.T) {
	type Event = notice.Event
	ann, noon := domain.ID{1}, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	give := func(effect byte) notice.Give {
		return notice.Give{UserID: ann, EffectID: domain.ID{effect}, About: "password_changed", Now: noon}
	}
	given := func(effect byte) Event {
		return notice.NoticeGiven{UserID: ann, EffectID: domain.ID{effect}, About: "password_changed", At: noon}
	}
	estest.Run(t, notice.Events, map[string]estest.Case[notice.State, Event]{
		"notes what was told":         {When: give(2), Then: []Event{given(2)}},
		"notes each notice by itself": {Given: []Event{given(2)}, When: give(3), Then: []Event{given(3)}},
		"notes it once":               {Given: []Event{given(2), given(3)}, When: give(2)},
	})
	if got := give(2).Stream(); got != "notice-01000000-0000-0000-0000-000000000000" {
		t.Error(got)
	}
}
