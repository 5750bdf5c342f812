// Package estest runs the rules of a module as given / when / then: events that happened, a command, and what the
// command decides. With each case it checks what every module promises, so that no module's tests repeat it. It knows
// domain only, and no module.
package estest

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"am-user-management/domain"
)

// Case is one rule. Its name in the map says the rule.
type Case[S domain.State[S, E], E domain.Event] struct {
	// Given happened before.
	Given []E
	// When is what is wished.
	When domain.Command[S, E]
	// Then is what the command must decide; none for "nothing to do".
	Then []E
	// Err is the rule that must forbid it; nil for none.
	Err error
	// Fields are the names of the faulty fields that the error must name, in order.
	Fields []string
}

// Run checks every case, and besides that
//   - events of Given and Then are in the module's list: otherwise the codec would not know them;
//   - each event of Then changes the state: otherwise Evolve forgot it;
//   - Evolve leaves the state that it started from as it was;
//   - the command decides the same when asked twice;
//   - a command that was done finds nothing more to do, or is refused.
func Run[S domain.State[S, E], E domain.Event](t *testing.T, module []domain.Event, cases map[string]Case[S, E]) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Helper()
			for _, fault := range c.Faults(module) {
				t.Error(fault)
			}
		})
	}
}

// Faults is what Run reports, in words; none for a rule that is kept.
func (c Case[S, E]) Faults(module []domain.Event) []string {
	var faults []string
	for _, event := range slices.Concat(c.Given, c.Then) {
		if !registered(module, event) {
			faults = append(faults, event.EventType()+" is not in the module's Events")
		}
	}
	state := fold[S](c.Given)
	decided, err := c.When.Decide(state)
	if fault := c.errFault(err); fault != "" {
		return append(faults, fault)
	}
	if diff := Diff(c.Then, decided); diff != "" {
		return append(faults, "decided otherwise (-want +got):\n"+diff)
	}
	if again, _ := c.When.Decide(state); Diff(decided, again) != "" {
		faults = append(faults, "decides something else when asked twice")
	}
	for i, event := range decided {
		before := state
		state = before.Evolve(event)
		if Diff(fold[S](slices.Concat(c.Given, decided[:i])), before) != "" {
			faults = append(faults, event.EventType()+": Evolve changed the state it started from")
		}
		if Diff(before, state) == "" {
			faults = append(faults, event.EventType()+" does not change the state: Evolve forgot it")
		}
	}
	if more, _ := c.When.Decide(state); len(decided) > 0 && len(more) > 0 {
		faults = append(faults, "is not done after it was done: decides again "+more[0].EventType())
	}
	return faults
}

func fold[S domain.State[S, E], E domain.Event](events []E) S {
	var state S
	for _, event := range events {
		state = state.Evolve(event)
	}
	return state
}

func (c Case[S, E]) errFault(err error) string {
	if !errors.Is(err, c.Err) {
		return "error: " + message(err) + ", want: " + message(c.Err)
	}
	var rule *domain.Error
	var fields []string
	if errors.As(err, &rule) {
		for _, fault := range rule.Fields {
			fields = append(fields, fault.Field)
		}
	}
	if !slices.Equal(fields, c.Fields) {
		return "faulty fields (-want +got):\n" + cmp.Diff(c.Fields, fields)
	}
	return ""
}

func message(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}

func registered(module []domain.Event, event domain.Event) bool {
	return slices.ContainsFunc(module, func(known domain.Event) bool {
		return reflect.TypeOf(known) == reflect.TypeOf(event)
	})
}

// Diff compares events or states and shows hidden text in the clear, as only a test may; "" means they are equal.
func Diff(want, got any) string { return cmp.Diff(want, got, shown()...) }

func shown() []cmp.Option {
	type text struct {
		Text   string
		Erased bool
	}
	return []cmp.Option{
		cmp.Transformer("Personal", func(p domain.Personal) text { return text{p.Text(), p.Erased()} }),
		cmp.Transformer("Secret", func(s domain.Secret) text { return text{s.Text(), s.Erased()} }),
	}
}
