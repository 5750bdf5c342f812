package plan_test

import (
	"strings"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/plan"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[plan.State, plan.Event]
	Event = plan.Event
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	define = plan.Define{
		ID: "team-2", Name: "Team", PriceMinor: 1250, Currency: "EUR", Interval: plan.Year,
		Features: []string{"Ten users", "Backups"}, Rank: 3, Now: noon,
	}
	defined = plan.PlanDefined{
		ID: "team-2", Name: "Team", PriceMinor: 1250, Currency: "EUR", Interval: plan.Year,
		Features: []string{"Ten users", "Backups"}, Rank: 3, At: noon,
	}
)

// other returns the definition with one thing changed, as command and as event.
func other(change func(*plan.Define)) (plan.Define, plan.PlanDefined) {
	c := define
	change(&c)
	return c, plan.PlanDefined{
		ID: c.ID, Name: c.Name, PriceMinor: c.PriceMinor, Currency: c.Currency, Interval: c.Interval,
		Features: c.Features, Rank: c.Rank, BuiltIn: c.BuiltIn, At: c.Now,
	}
}

func TestDefine(t *testing.T) {
	builtIn, byProgram := other(func(c *plan.Define) { c.BuiltIn, c.PriceMinor = true, 1 })
	newer, byNewerProgram := other(func(c *plan.Define) { c.BuiltIn, c.PriceMinor = true, 2 })
	cases := map[string]Case{
		"defines a plan":        {When: define, Then: []Event{defined}},
		"defines nothing twice": {Given: []Event{defined}, When: define},
		"a person may change what the program defined": {
			Given: []Event{byProgram}, When: define, Then: []Event{defined},
		},
		"the program may change what it defined": {
			Given: []Event{byProgram}, When: newer, Then: []Event{byNewerProgram},
		},
		"the program leaves what a person defined": {Given: []Event{byProgram, defined}, When: newer},
		"the program defines nothing twice":        {Given: []Event{byProgram}, When: builtIn},
	}
	for name, change := range map[string]func(*plan.Define){
		"name":     func(c *plan.Define) { c.Name = "Squad" },
		"price":    func(c *plan.Define) { c.PriceMinor = 0 },
		"currency": func(c *plan.Define) { c.Currency = "USD" },
		"interval": func(c *plan.Define) { c.Interval = plan.Month },
		"features": func(c *plan.Define) { c.Features = nil },
		"rank":     func(c *plan.Define) { c.Rank = 4 },
	} {
		command, event := other(change)
		cases["changes the "+name] = Case{Given: []Event{defined}, When: command, Then: []Event{event}}
	}
	estest.Run(t, plan.Events, cases)
}

func TestDefineRefuses(t *testing.T) {
	cases := make(map[string]Case)
	refuse := func(name, field string, change func(*plan.Define)) {
		command, _ := other(change)
		cases[name] = Case{When: command, Err: domain.ErrInvalid, Fields: []string{field}}
	}
	refuse("no id", "id", func(c *plan.Define) { c.ID = "" })
	refuse("an id that is no part of a path", "id", func(c *plan.Define) { c.ID = "a/b" })
	refuse("a long id", "id", func(c *plan.Define) { c.ID = strings.Repeat("a", 65) })
	refuse("no name", "name", func(c *plan.Define) { c.Name = " " })
	refuse("a long name", "name", func(c *plan.Define) { c.Name = strings.Repeat("é", 101) })
	refuse("a negative price", "price", func(c *plan.Define) { c.PriceMinor = -1 })
	refuse("an odd currency", "currency", func(c *plan.Define) { c.Currency = "usd" })
	refuse("a long currency", "currency", func(c *plan.Define) { c.Currency = "USDT" })
	refuse("an odd interval", "interval", func(c *plan.Define) { c.Interval = "day" })
	refuse("too many features", "features", func(c *plan.Define) { c.Features = make([]string, 51) })
	refuse("a long feature", "features", func(c *plan.Define) { c.Features = []string{"", strings.Repeat("a", 201)} })
	estest.Run(t, plan.Events, cases)
}

func TestBuiltInPlansAreValidAndOrdered(t *testing.T) {
	rank := 0
	for _, command := range plan.BuiltIn("CHF") {
		command.Now = noon
		events, err := command.Decide(plan.State{})
		if err != nil || len(events) != 1 {
			t.Fatalf("%s: %v %v", command.ID, events, err)
		}
		if command.Currency != "CHF" || !command.BuiltIn || command.Rank <= rank {
			t.Errorf("%+v", command)
		}
		rank = command.Rank
	}
	if rank == 0 {
		t.Error("no plans")
	}
}

func TestStream(t *testing.T) {
	if got := define.Stream(); got != "plan-team-2" {
		t.Error(got)
	}
}
