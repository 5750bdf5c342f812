package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
)

// nodeRow is a line of the table: what was measured, beside what it is held against.
type nodeRow struct {
	what, measured, against, verdict string
	// foreign is the most of the machine that other programs took in one turn.
	foreign float64
}

// span is from the lower to the higher of two runs; the zero value says that it was not measured.
type span struct{ low, high float64 }

// figures are what EventStoreDB 23.10.8, the open-source release, reached warm, in two runs, on two cores with ext4 on a
// virtual disk (fdatasync 0.15 ms), with 256-byte events and a client in the same machine over loopback. Rates are per
// second, times in milliseconds.
type figures struct{ rate, p50, p99 span }

const (
	ahead  = "ahead"
	level  = "level"
	behind = "BEHIND"
	met    = "met"
	missed = "MISS"
)

// place compares a figure with a span; of times and memory, less is better.
func (s span) place(figure float64, lessIsBetter bool) string {
	if lessIsBetter {
		figure, s = -figure, span{-s.high, -s.low}
	}
	switch {
	case figure > s.high:
		return ahead
	case figure < s.low:
		return behind
	}
	return level
}

// verdict places what was measured by its rate, or by its median time where no rate is known.
func (f figures) verdict(s series) string {
	if f.rate != (span{}) {
		return f.rate.place(s.median(sample.rate), false)
	}
	return f.p50.place(s.median(sample.p50), true)
}

func (f figures) text() string {
	var parts []string
	if f.rate != (span{}) {
		parts = append(parts, f.rate.text(whole)+"/s")
	}
	for _, one := range []struct {
		name string
		of   span
	}{{"p50", f.p50}, {"p99", f.p99}} {
		if one.of != (span{}) {
			parts = append(parts, one.name+" "+one.of.text(func(ms float64) string { return fmt.Sprintf("%.1f", ms) })+" ms")
		}
	}
	return strings.Join(parts, ", ")
}

// whole is thousands without a fraction.
func whole(n float64) string {
	if n < 1000 {
		return fmt.Sprintf("%.0f", n)
	}
	return thousands(n)
}

func (s span) text(number func(float64) string) string {
	if s.low == s.high {
		return number(s.low)
	}
	return number(s.low) + "-" + number(s.high)
}

// held is a row about a series beside the figures.
func held(what string, s series, f figures) nodeRow {
	measured := thousands(s.median(sample.rate)) + "/s"
	if s.median(sample.p50) > 0 {
		measured += fmt.Sprintf(", p50 %.2f ms, p99 %.2f ms", s.median(sample.p50), s.median(sample.p99))
	}
	return nodeRow{what: what, measured: measured, against: f.text(), verdict: f.verdict(s), foreign: s.foreign()}
}

// goalRow is a row about a figure that has a bound.
func goalRow(what, measured, bound string, reached bool, foreign float64) nodeRow {
	verdict := missed
	if reached {
		verdict = met
	}
	return nodeRow{what: what, measured: measured, against: bound, verdict: verdict, foreign: foreign}
}

const nodeLegend = `
EventStoreDB 23.10.8 was measured on two cores, ext4 on a virtual disk (fdatasync 0.15 ms), 256-byte events, a client in
the same machine, warm, two runs: from the lower to the higher. ahead: better than both; level: between; behind: worse.
others   the most of the machine that other programs took in one turn; a row above 10 % says little.
`

// printNode writes the rows and what they mean; nothing if there are none.
func printNode(out io.Writer, rows []nodeRow) error {
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintf(out, "\n%d processors\n\n", runtime.NumCPU())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tmeasured\tEventStoreDB 23.10.8, or the goal\tverdict\tothers")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.0f %%\n", r.what, r.measured, r.against, r.verdict, 100*r.foreign)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, nodeLegend)
	return err
}
