package projections

import (
	"am-user-management/domain/plan"
	"am-user-management/internal/eventstore"
)

type planRow struct {
	mark
	PlanID     string
	Name       string
	PriceMinor int64
	Currency   string
	Interval   string
	Features   []string
	Rank       int64
}

// newPlans projects plan streams: one row per plan.
func newPlans() *table[string, planRow, *planRow] {
	return byStream("plans", types(plan.Events), planKey, foldPlan,
		plain("plan_id", "text", func(r *planRow) *string { return &r.PlanID }),
		plain("name", "text", func(r *planRow) *string { return &r.Name }),
		plain("price_minor", "bigint", func(r *planRow) *int64 { return &r.PriceMinor }),
		plain("currency", "text", func(r *planRow) *string { return &r.Currency }),
		plain("interval", "text", func(r *planRow) *string { return &r.Interval }),
		list("features", func(r *planRow) *[]string { return &r.Features }),
		plain("rank", "bigint", func(r *planRow) *int64 { return &r.Rank }),
	)
}

func planKey(e *eventstore.Envelope) (string, bool) {
	switch e := e.Event.(type) {
	case plan.PlanDefined:
		return readable(e.ID), true
	}
	return "", false
}

func foldPlan(r *planRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case plan.PlanDefined:
		*r = planRow{
			mark: r.mark, PlanID: readable(e.ID), Name: readable(e.Name), PriceMinor: e.PriceMinor,
			Currency: readable(e.Currency), Interval: readable(string(e.Interval)),
			Features: readableAll(e.Features), Rank: int64(e.Rank),
		}
	}
}
