package plan

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to a plan.
//
//sumtype:decl
type Event interface {
	domain.Event
	plan()
}

// PlanDefined says what a plan is from now on: all of it, not only what changed.
type PlanDefined struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// PriceMinor is the price of one interval in the smallest unit of the currency (cents for USD).
	PriceMinor int64    `json:"price_minor"`
	Currency   string   `json:"currency"` // ISO 4217
	Interval   Interval `json:"interval"`
	Features   []string `json:"features,omitempty"`
	// Rank orders plans: moving to a higher one is an upgrade.
	Rank int `json:"rank"`
	// BuiltIn tells that the program's own list defined it, not a person.
	BuiltIn bool      `json:"built_in,omitzero"`
	At      time.Time `json:"at"`
}

// EventType is the name on the wire.
func (PlanDefined) EventType() string { return "plan.plan_defined.v1" }

func (PlanDefined) plan() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{PlanDefined{}}
