package group

// measure counts, and remembers what the count was a while ago.
type measure struct {
	count, marked, rate int64
}

// mark is to be called about every second.
func (m *measure) mark() {
	m.rate = m.count - m.marked
	m.marked = m.count
}

// Measure is a count of answered events.
type Measure struct {
	Total int64
	// PerSecond is the rate of the last whole second, Since what came after it.
	PerSecond, Since int64
}

func (m *measure) report() Measure {
	return Measure{Total: m.count, PerSecond: m.rate, Since: m.count - m.marked}
}

// Stats are a group's figures at one moment.
type Stats struct {
	Consumers []ConsumerStats
	Finished  Measure
	// Live tells that every event of the source has been read.
	Live bool
	// Fresh and Retrying are how many events wait for a consumer, the latter to come again; InFlight how many consumers
	// have.
	Fresh, Retrying, InFlight int
	// Ahead is how many more events EventStoreDB would read now, as it does for a group without consumers, and Space for how
	// many more it has room.
	Ahead, Space int
	// Known is the number of the last event that has been read, -1 if there is none.
	Known int64
	// Checkpoint is the number of the last checkpoint, -1 if there is none.
	Checkpoint int64
	// Next is the number of the source's first event that has not been read, Parked that of the parked stream's first
	// that has not been replayed.
	Next, Parked int64
}

// ConsumerStats are a consumer's figures.
type ConsumerStats struct {
	Name, User string
	Finished   Measure
	// Free and InFlight are how many of its slots are free and taken.
	Free, InFlight int
}

// Stats returns the figures of now.
func (g *Group) Stats() Stats {
	stats := Stats{
		Finished: g.finished.report(), Live: g.live && (!g.more || g.room() > 0),
		Fresh: len(g.fresh), Retrying: len(g.retrying),
		Ahead: g.ahead(), Space: g.space(), Known: g.known,
		Checkpoint: g.checkpoint.reported, Next: g.source.next, Parked: g.parked.next,
	}
	for _, c := range g.consumers {
		stats.InFlight += c.inFlight
		stats.Consumers = append(stats.Consumers, ConsumerStats{
			Name: c.name, User: c.user, Finished: c.finished.report(), Free: c.slots - c.inFlight, InFlight: c.inFlight,
		})
	}
	return stats
}
