package main

import "context"

// goal is something to reach, and how it is measured.
type goal struct {
	name, what string
	measure    func(ctx context.Context, b *bench) ([]row, error)
}

// goals lists them, those that need no service first.
func goals() []goal {
	return []goal{
		{"G7", "append in process / raw Pebble batch of 3 keys, synced", measureG7},
		{"G6", "append by the client through the node / bare gRPC and Pebble", measureG6},
		{"G9", "projection catches up through watermill / bare stream, JSON, upsert", measureG9},
		{"G10", "append acknowledged until row visible / the same, bare", measureG10},
		{"G1", "GET /profile, authenticated / echo, SELECT by primary key, JSON", measureG1},
		{"G2", "PATCH /profile / echo, gRPC read of 5, JSON, gRPC append, Pebble synced", measureG2},
		{"G11", "GET /users in a crowd / echo, SELECT of a page by primary key, JSON", measureG11},
		{"G3", "POST /login with password / argon2id behind a semaphore", measureG3},
		{"R5", "login and reset: known and unknown addresses told apart by time", measureR5},
	}
}

// bound is what a goal asks of a figure: at least, or at most.
type bound struct {
	must, aim float64
	atMost    bool
}

func (b bound) met(figure, by float64) bool {
	if b.atMost {
		return figure <= by
	}
	return figure >= by
}

// row is a line of the table.
type row struct {
	goal, load string
	compared
	bound
	// figure is what the bound is about, by default the ratio of the rates.
	figure float64
	unit   string // "x", or what the figure is
	note   string
}

// ratio is a row about the ratio of rates.
func ratio(goal, load string, c compared, must, aim float64) row {
	return row{
		goal: goal, load: load, compared: c, bound: bound{must: must, aim: aim}, unit: "x",
		figure: quotient(c.ours.median(sample.rate), c.bare.median(sample.rate)),
	}
}

// latencyRatio is a row about the ratio of latencies, which must not be above a bound.
func latencyRatio(goal, load string, c compared, of func(sample) float64, must, aim float64) row {
	return row{
		goal: goal, load: load, compared: c, bound: bound{must: must, aim: aim, atMost: true}, unit: "x",
		figure: quotient(c.ours.median(of), c.bare.median(of)),
	}
}

func quotient(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func (r row) verdict() string {
	switch {
	case !r.met(r.figure, r.must):
		return "MISS"
	case r.met(r.figure, r.aim):
		return "aim"
	}
	return "must"
}
