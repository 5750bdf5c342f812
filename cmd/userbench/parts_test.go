package main_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	main "am-user-management/cmd/userbench"
)

func TestQuantilesAreWithinTwoPercent(t *testing.T) {
	for _, unit := range []time.Duration{time.Nanosecond, time.Microsecond, time.Millisecond} {
		l := main.Latencies()
		for i := range 1000 {
			l.Add(time.Duration(i+1) * unit)
		}
		for share, want := range map[float64]time.Duration{0.5: 500 * unit, 0.99: 990 * unit} {
			got := l.At(share)
			if difference := (got - want).Abs(); difference > want/50 {
				t.Errorf("quantile %v of 1..1000 × %s: %s, want about %s", share, unit, got, want)
			}
		}
	}
	if got := main.Latencies().At(0.99); got != 0 {
		t.Errorf("quantile of nothing: %s", got)
	}
}

func TestProcessNamesMayContainAnything(t *testing.T) {
	line := "42 (a) b (c) S 7 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 100 1000 10"
	p, ok := main.ParseProcess([]byte(line))
	if !ok || p.Pid() != 42 || p.Parent() != 7 || p.Name() != "a) b (c" ||
		p.Times() != [2]time.Duration{330 * time.Millisecond, 770 * time.Millisecond} {
		t.Errorf("parsed %+v, %v", p, ok)
	}
	for _, broken := range []string{"", "42 (name", "42 (name) S 7", "x (name) S 7 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20"} {
		if _, ok := main.ParseProcess([]byte(broken)); ok {
			t.Errorf("parsed %q", broken)
		}
	}
}

func TestTailShowsEventsInTheOrderOfPositions(t *testing.T) {
	log := main.Tail()
	for _, position := range []uint64{2, 1, 5, 3} {
		log.Add(position, fmt.Sprint(position))
	}
	if got := log.After(0); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("after 1, 2, 3 and 5 were added: %v", got)
	}
	log.Add(4, "4")
	if got := log.After(3); !slices.Equal(got, []string{"4", "5"}) {
		t.Errorf("the rest: %v", got)
	}
}

func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		figure, must, aim float64
		atMost            bool
		want              string
	}{
		"reaches the aim":                 {0.91, 0.7, 0.9, false, "aim"},
		"reaches what it must":            {0.89, 0.7, 0.9, false, "must"},
		"reaches nothing":                 {0.69, 0.7, 0.9, false, "MISS"},
		"stays below the aim":             {4, 10, 5, true, "aim"},
		"passes the aim only":             {6, 10, 5, true, "must"},
		"passes what it must not":         {11, 10, 5, true, "MISS"},
		"an aim that is easier than must": {11, 10, 20, true, "MISS"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := main.Verdict(c.figure, c.must, c.aim, c.atMost); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestReadyLine(t *testing.T) {
	fields, ok := main.ReadyLine("ready http=127.0.0.1:1 internal=127.0.0.1:2 eventstore=unix:/a=b/s postgres=-")
	if !ok || fields["http"] != "127.0.0.1:1" || fields["eventstore"] != "unix:/a=b/s" {
		t.Errorf("%v, %v", fields, ok)
	}
	if _, ok := main.ReadyLine("starting http=1"); ok {
		t.Error("another line was taken for it")
	}
}

func TestRankAUCIsTheChanceOfARightGuess(t *testing.T) {
	for _, c := range []struct {
		first, second []time.Duration
		want          float64
	}{
		{[]time.Duration{3, 4}, []time.Duration{1, 2}, 1},
		{[]time.Duration{1, 2}, []time.Duration{3, 4}, 0},
		{[]time.Duration{1, 2}, []time.Duration{1, 2}, 0.5},
		{[]time.Duration{1, 4}, []time.Duration{2, 3}, 0.5},
		{[]time.Duration{2, 2}, []time.Duration{1, 2}, 0.75},
	} {
		if got := main.RankAUC(c.first, c.second); got != c.want {
			t.Errorf("%v against %v: %v, want %v", c.first, c.second, got, c.want)
		}
	}
}
