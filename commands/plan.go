package commands

import (
	"context"

	"am-user-management/domain/plan"
)

// DefinePlan says what a plan is from now on; whoever is subscribed to it keeps the terms they have. Without a currency
// it is that of the installation. It returns the faults of the fields as domain.ErrInvalid, and ErrPreconditionFailed
// also where a revision is named of a plan that is not there.
func (s *Service) DefinePlan(ctx context.Context, r Request, define plan.Define) (Outcome[plan.State], error) {
	define.BuiltIn, define.Now = false, s.now()
	if define.Currency == "" {
		define.Currency = s.settings.Currency
	}
	if err := define.Faults().Err(); err != nil { // before the id names a stream
		return Outcome[plan.State]{}, err
	}
	if r.IfMatch != nil {
		_, exists, err := load[plan.State, plan.Event](ctx, s, define.Stream())
		if err == nil && !exists {
			err = ErrPreconditionFailed
		}
		if err != nil {
			return Outcome[plan.State]{}, err
		}
	}
	return execute(ctx, s, r, define)
}
