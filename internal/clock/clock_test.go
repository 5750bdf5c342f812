package clock_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"am-user-management/internal/clock"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestAClockIsMovedForwardAndBack(t *testing.T) {
	c := clock.New(func() time.Time { return noon })
	for _, step := range []struct {
		move time.Duration
		want time.Time
	}{{0, noon}, {36 * time.Hour, noon.Add(36 * time.Hour)}, {-37 * time.Hour, noon.Add(-time.Hour)}, {time.Hour, noon}} {
		if err := c.Advance(step.move); err != nil {
			t.Fatal(err)
		}
		if got := c.Now(); !got.Equal(step.want) {
			t.Errorf("after %v it is %v, want %v", step.move, got, step.want)
		}
	}
}

func TestAClockGoesNoFurtherThanItsLimit(t *testing.T) {
	c := clock.New(func() time.Time { return noon })
	if err := c.Advance(clock.Limit); err != nil {
		t.Fatal(err)
	}
	for _, far := range []time.Duration{1, math.MaxInt64, math.MinInt64, -2*clock.Limit - 1} {
		if err := c.Advance(far); err == nil {
			t.Errorf("it was moved by %v", far)
		}
	}
	if c.Offset() != clock.Limit {
		t.Errorf("the offset is %v", c.Offset())
	}
}

func TestManyMayMoveAClock(t *testing.T) {
	c := clock.New(func() time.Time { return noon })
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			_ = c.Advance(time.Minute)
			c.Now()
		})
	}
	group.Wait()
	if c.Offset() != 50*time.Minute {
		t.Errorf("the offset is %v", c.Offset())
	}
}
