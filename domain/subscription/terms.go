package subscription

import "time"

// Terms are what a plan was when it was subscribed to. A plan that is defined anew later changes nothing about them.
type Terms struct {
	PlanID     string   `json:"plan_id"`
	PriceMinor int64    `json:"price_minor"` // of one period, in the smallest unit of the currency
	Currency   string   `json:"currency"`    // ISO 4217
	Interval   Interval `json:"interval"`
	Rank       int      `json:"rank"`
}

// Interval is how long a period is.
type Interval string

// The intervals.
const (
	Month Interval = "month"
	Year  Interval = "year"
)

// months is the length of an interval in months.
func (i Interval) months() int {
	if i == Year {
		return 12
	}
	return 1
}

// monthsAfter is the same moment of the same day, so many months later, in UTC; the last day of a month that has no
// such day. Periods are counted from their first, so that the day comes back: 31 January, 28 February, 31 March.
func monthsAfter(anchor time.Time, months int) time.Time {
	anchor = anchor.UTC()
	first := time.Date(anchor.Year(), anchor.Month()+time.Month(months), 1,
		anchor.Hour(), anchor.Minute(), anchor.Second(), anchor.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(anchor.Day(), last)-1)
}
