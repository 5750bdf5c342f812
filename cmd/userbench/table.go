package main

import (
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
)

const legend = `
ratio    median of ours / median of bare, both alternating in this run; cpu x: processor time per operation, bare / ours.
must, aim what the ratio has to reach (or, with <=, may not pass); verdict: which of them it does.
us/op    processor time of server + Postgres per operation, callers included but for G1, G2 and G3. There the requests
         come from this process, which takes %.0f us for one from the same processors, whichever side it calls.
others   the most of the machine that other programs took in one turn; a row above 10 %% says little.
`

// printTable writes the rows and what they mean.
func printTable(out io.Writer, rows []row, o options) error {
	fmt.Fprintf(out, "\n%d processors, turns of %s, %d of each side, %d users\n\n", runtime.NumCPU(), o.seconds, o.rounds, o.users)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "goal\tload\tours/s\tp50/p99 ms\tus/op\tbare/s\tp50/p99 ms\tus/op\tratio\tcpu x\tmust\taim\tverdict\tothers\tnote")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f%s\t%.2f\t%s\t%s\t%s\t%.0f %%\t%s\n",
			r.goal, r.load, r.ours.columns(), r.bare.columns(), r.figure, r.unit,
			quotient(r.bare.median(sample.cost), r.ours.median(sample.cost)),
			r.limit(r.must), r.limit(r.aim), r.verdict(), 100*max(r.ours.foreign(), r.bare.foreign()), r.note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, legend, generatorCost(rows))
	return err
}

// generatorCost is what making a read took, in microseconds; 0 if none was made.
func generatorCost(rows []row) float64 {
	for _, r := range rows {
		if r.goal == "G1" {
			return r.bare.median(func(one sample) float64 { return float64(one.Generator.Microseconds()) / float64(one.Ops) })
		}
	}
	return 0
}

func (r row) limit(value float64) string {
	sign := ""
	if r.atMost {
		sign = "<="
	}
	return fmt.Sprintf("%s%.2f%s", sign, value, r.unit)
}

// columns are the three columns of one side.
func (s series) columns() string {
	if len(s) == 0 {
		return "-\t-\t-"
	}
	perOp := func(of func(sample) float64) float64 {
		return s.median(func(one sample) float64 { return of(one) / float64(one.Ops) })
	}
	server := perOp(func(one sample) float64 { return float64(one.Server.Microseconds()) })
	postgres := perOp(func(one sample) float64 { return float64(one.Postgres.Microseconds()) })
	return fmt.Sprintf("%s\t%.2f/%.2f\t%.1f+%.1f",
		thousands(s.median(sample.rate)), s.median(sample.p50), s.median(sample.p99), server, postgres)
}

// thousands writes a rate so that one can read it.
func thousands(rate float64) string {
	if rate < 1000 {
		return fmt.Sprintf("%.1f", rate)
	}
	n := int(rate)
	if n < 1_000_000 {
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprintf("%d,%03d,%03d", n/1_000_000, n/1000%1000, n%1000)
}
