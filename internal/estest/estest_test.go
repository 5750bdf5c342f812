package estest_test

import (
	"errors"
	"strings"
	"testing"

	"am-user-management/domain"
	"am-user-management/internal/estest"
)

// The module under test counts; each of its faults is one that a module may have.

type event interface{ domain.Event }

type (
	added   struct{ Who domain.Personal }
	ignored struct{}
)

func (added) EventType() string   { return "count.added.v1" }
func (ignored) EventType() string { return "count.ignored.v1" }

type count struct{ Who []domain.Personal }

func (c count) Evolve(e event) count {
	if e, ok := e.(added); ok {
		c.Who = append(c.Who, e.Who)
	}
	return c
}

// vandal is a count whose fold writes into the state it started from.
type vandal struct{ Who map[string]int }

func (v vandal) Evolve(event) vandal {
	if v.Who == nil {
		return vandal{Who: map[string]int{"n": 1}}
	}
	v.Who["n"]++
	return v
}

// decision is a command that decides what it is told to.
type decision[S any] func(S) ([]event, error)

func (decision[S]) Stream() string                    { return "count-1" }
func (d decision[S]) Decide(state S) ([]event, error) { return d(state) }
func always[S any](events ...event) decision[S] {
	return func(S) ([]event, error) { return events, nil }
}
func refuse(err error) decision[count] { return func(count) ([]event, error) { return nil, err } }
func person(name string) added         { return added{Who: domain.NewPersonal(name)} }
func untilOne(events ...event) decision[count] {
	return func(s count) ([]event, error) {
		if len(s.Who) > 0 {
			return nil, nil
		}
		return events, nil
	}
}

var errRule = &domain.Error{Kind: domain.Conflict, Code: "count.full", Title: "Full."}

func TestFaults(t *testing.T) {
	module := []domain.Event{added{}, ignored{}}
	calls := 0
	cases := map[string]struct {
		c    estest.Case[count, event]
		want string
	}{
		"a kept rule has none":         {estest.Case[count, event]{When: untilOne(person("a")), Then: []event{person("a")}}, ""},
		"a kept refusal has none":      {estest.Case[count, event]{When: refuse(errRule.WithDetail("x")), Err: errRule}, ""},
		"other events":                 {estest.Case[count, event]{When: untilOne(person("a"))}, "decided otherwise"},
		"other personal text is shown": {estest.Case[count, event]{When: untilOne(person("anna")), Then: []event{person("b")}}, "anna"},
		"another error":                {estest.Case[count, event]{When: refuse(errRule), Err: domain.ErrInvalid}, "count.full"},
		"an error instead of events":   {estest.Case[count, event]{When: refuse(errors.New("boom"))}, "boom"},
		"other fields":                 {estest.Case[count, event]{When: refuse(domain.ErrInvalid.WithFields(domain.FieldError{Field: "name"})), Err: domain.ErrInvalid, Fields: []string{"mail"}}, "faulty fields"},
		"an event that is not folded":  {estest.Case[count, event]{When: untilOne(ignored{}), Then: []event{ignored{}}}, "Evolve forgot it"},
		"a command that is never done": {estest.Case[count, event]{When: always[count](person("a")), Then: []event{person("a")}}, "not done after it was done"},
		"a command with a will of its own": {estest.Case[count, event]{When: decision[count](func(s count) ([]event, error) {
			calls++
			if calls == 1 {
				return []event{person("a")}, nil
			}
			return nil, nil
		}), Then: []event{person("a")}}, "asked twice"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { expect(t, tc.c.Faults(module), tc.want) })
	}
}

func TestFaultsOfAnUnlistedEvent(t *testing.T) {
	c := estest.Case[count, event]{When: untilOne(person("a")), Then: []event{person("a")}}
	expect(t, c.Faults([]domain.Event{ignored{}}), "not in the module's Events")
}

func TestFaultsOfAFoldThatWritesIntoTheOldState(t *testing.T) {
	c := estest.Case[vandal, event]{
		Given: []event{person("a")}, When: always[vandal](person("b")), Then: []event{person("b")},
	}
	expect(t, c.Faults([]domain.Event{added{}}), "changed the state it started from")
}

func expect(t *testing.T, faults []string, want string) {
	t.Helper()
	got := strings.Join(faults, "\n")
	if want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("faults: %q, want some with %q", got, want)
	}
}
