package projections_test

import (
	"testing"

	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
	"am-user-management/projections"
)

func TestRowsDependOnTheEventsAlone(t *testing.T) {
	for _, p := range projections.All() {
		t.Run(p.Name(), func(t *testing.T) {
			t.Parallel()
			projtest.Redelivery(t, pgtest.New(t), p, history().Events())
		})
	}
}
