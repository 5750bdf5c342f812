package group

import "time"

// Want is what a group asks to be read.
type Want struct {
	// Parked asks for the parked stream, up to the revision Until, which is not part of it; else it is the source.
	Parked bool
	Until  int64
	From   int64
	// Limit is how many events may come.
	Limit int
}

// Batch is what was read.
type Batch struct {
	Events []Event
	// Next is the number of the first event that was not looked at.
	Next int64
	// Skipped is how many were looked at and aren't for this group.
	Skipped int
	// End tells that there was no event at Next.
	End bool
}

// Want returns what to read next, if anything. The answer goes to Add, or to Failed. Only one read may be under way.
func (g *Group) Want() (Want, bool) {
	room := g.room()
	switch {
	case room == 0:
	case g.parked.next < g.replayUntil:
		return Want{Parked: true, From: g.parked.next, Until: g.replayUntil, Limit: room}, true
	case g.more:
		g.more = false
		return Want{From: g.source.next, Limit: room}, true
	}
	return Want{}, false
}

// room returns how many events to read, 0 unless it is worth it.
func (g *Group) room() int {
	waiting := len(g.fresh) + len(g.retrying) + len(g.parking)
	batch := g.settings.batch()
	if len(g.consumers) == 0 || waiting > g.settings.buffer()-batch || g.waitingBytes >= maxWaitingBytes {
		return 0
	}
	return batch
}

// space returns how many more events the buffer takes.
func (g *Group) space() int { return max(g.settings.buffer()-len(g.fresh)-len(g.retrying), 0) }

// ahead returns how many events come of reading batch after batch while there is room for more than one.
func (g *Group) ahead() int {
	batch := g.settings.batch()
	return max(g.space()-1, 0) / batch * batch
}

// Add takes what was read.
func (g *Group) Add(want Want, batch Batch, now time.Duration) {
	from := &g.source
	if want.Parked {
		from = &g.parked
	} else {
		g.more = g.more || !batch.End
		g.live = batch.End
		g.checkpoint.skipped += batch.Skipped
	}
	for _, event := range batch.Events {
		g.added++
		e := &entry{Event: event, order: g.added}
		from.add(e)
		g.waitingBytes += e.size()
		if want.Parked {
			g.retrying = append(g.retrying, e)
		} else {
			g.fresh = append(g.fresh, e)
			g.known = e.Number
		}
	}
	from.next = max(from.next, batch.Next)
	if want.Parked && batch.End {
		from.next = max(from.next, want.Until)
	}
	g.handOut(now)
}

// Failed tells that what a group asked for could not be read, and is to be asked for again.
func (g *Group) Failed(want Want) { g.more = g.more || !want.Parked }

// News tells that the source may have a new event.
func (g *Group) News() { g.more = true }

// Replay asks for the parked events before the revision until to come again.
func (g *Group) Replay(until int64) { g.replayUntil = max(g.replayUntil, until) }
