package main

import "time"

// What tests outside of the package look at.
var (
	ParseProcess = parseProcess
	ReadyLine    = readyLine
	RankAUC      = rankAUC
)

func (p process) Pid() int                      { return p.pid }
func (p process) Parent() int                   { return p.parent }
func (p process) Name() string                  { return p.name }
func (p process) Times() [2]time.Duration       { return [2]time.Duration{p.own, p.waited} }
func (l *latencies) Add(d time.Duration)        { l.add(d) }
func (l *latencies) At(s float64) time.Duration { return l.quantile(s) }

// Latencies is an empty count.
func Latencies() *latencies { return new(latencies) }

// Tail is an empty log.
func Tail() *tail { return newTail() }

func (t *tail) Add(position uint64, data string) { t.add(position, []byte(data)) }

func (t *tail) After(seen int) (events []string) {
	found, _ := t.after(seen)
	for _, data := range found {
		events = append(events, string(data))
	}
	return events
}

// Verdict is the verdict on a figure.
func Verdict(figure, must, aim float64, atMost bool) string {
	return row{figure: figure, bound: bound{must: must, aim: aim, atMost: atMost}}.verdict()
}
