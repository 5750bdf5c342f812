package plan

import (
	"slices"
	"strings"
	"time"

	"am-user-management/domain"
)

const (
	maxID       = 64
	maxName     = 100
	maxFeatures = 50
	maxFeature  = 200
)

// Define says what a plan is from now on.
type Define struct {
	ID         string
	Name       string
	PriceMinor int64
	Currency   string
	Interval   Interval
	Features   []string
	Rank       int
	// BuiltIn marks the program's own definition; it never replaces what a person defined.
	BuiltIn bool
	Now     time.Time
}

// Stream is the plan's.
func (c Define) Stream() string { return StreamOf(c.ID) }

// Decide defines the plan.
//
//	THEN  PlanDefined
//	ERROR ErrInvalid with fields
//	IDEMPOTENCY nothing when the plan is so already, and for a built-in definition of a plan that a person defined
func (c Define) Decide(s State) ([]Event, error) {
	if err := c.Faults().Err(); err != nil {
		return nil, err
	}
	event := PlanDefined{
		ID: c.ID, Name: c.Name, PriceMinor: c.PriceMinor, Currency: c.Currency, Interval: c.Interval,
		Features: slices.Clone(c.Features), Rank: c.Rank, BuiltIn: c.BuiltIn, At: c.Now,
	}
	if s.Exists() && (s.same(event) || c.BuiltIn && !s.BuiltIn) {
		return nil, nil
	}
	return []Event{event}, nil
}

func (s State) same(e PlanDefined) bool {
	return s.Name == e.Name && s.PriceMinor == e.PriceMinor && s.Currency == e.Currency &&
		s.Interval == e.Interval && s.Rank == e.Rank && slices.Equal(s.Features, e.Features)
}

// Faults is what is wrong with the fields.
func (c Define) Faults() domain.Faults {
	var faults domain.Faults
	if !ValidID(c.ID) {
		faults.Add("id", "must be 1 to 64 lower-case letters, digits and hyphens")
	}
	if strings.TrimSpace(c.Name) == "" {
		faults.Add("name", "must not be empty")
	}
	faults.Add("name", domain.LineFault(c.Name, maxName))
	if c.PriceMinor < 0 {
		faults.Add("price", "must not be negative")
	}
	if len(c.Currency) != 3 || strings.Trim(c.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		faults.Add("currency", "must be three capital letters such as USD")
	}
	if c.Interval != Month && c.Interval != Year {
		faults.Add("interval", "must be month or year")
	}
	if len(c.Features) > maxFeatures {
		faults.Add("features", "must be at most 50")
	}
	for _, feature := range c.Features {
		if fault := domain.LineFault(feature, maxFeature); fault != "" {
			faults.Add("features", fault)
			break
		}
	}
	return faults
}
