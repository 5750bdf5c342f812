package group

// Write is something that a group needs to be written. Exactly one of its parts is set.
type Write struct {
	// Park are events to add to the parked stream.
	Park []Parked
	// Checkpoint is the number up to which everything is done, or -1.
	Checkpoint int64
	// Truncate is the revision before which the parked stream needs nothing any more, or -1.
	Truncate int64

	// place and skipped are what a checkpoint has counted.
	place   int64
	skipped int
}

// Parked is an event that is put aside.
type Parked struct {
	// Target is the event as "<revision>@<stream>".
	Target string
	// Revision is that of the event, or of the link to it, in the stream from which the group had it.
	Revision uint64
	Reason   string
}

// Due returns what to write next, if anything. The outcome goes to Written. Only one write may be under way.
func (g *Group) Due() (Write, bool) {
	write := Write{Checkpoint: -1, Truncate: -1}
	switch done := g.source.undone() - 1; {
	case len(g.parking) > 0:
		write.Park = make([]Parked, 0, len(g.parking))
		for _, e := range g.parking {
			write.Park = append(write.Park, Parked{Target: e.target(), Revision: e.original().Revision, Reason: e.reason})
		}
	case g.checkpoint.due(&g.settings, done, g.source.place()):
		write.Checkpoint = done
		write.place, write.skipped = g.source.place(), g.checkpoint.skipped
	case g.parked.undone() > g.truncated:
		write.Truncate = g.parked.undone()
	default:
		return write, false
	}
	return write, true
}

// Written tells that something that was due is durable. If it could not be written, nothing is to be told: it is due
// again.
func (g *Group) Written(write Write) {
	for _, e := range g.parking[:len(write.Park)] {
		g.finish(e)
	}
	g.parking = append([]*entry(nil), g.parking[len(write.Park):]...)
	if write.Checkpoint >= 0 {
		g.checkpoint.write(write)
	}
	g.truncated = max(g.truncated, write.Truncate)
}

// Flush makes a checkpoint due if there is anything that the last one does not tell.
func (g *Group) Flush() { g.checkpoint.timed = true }

// Begins makes one due if there is none and the group, which begins at that number then, would miss what it has not done.
func (g *Group) Begins(at int64) {
	if g.checkpoint.reported < 0 && at > g.source.undone() {
		g.Flush()
	}
}
