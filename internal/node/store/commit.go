package store

import "errors"

// commit waits for each group's sync in turn, then makes the group visible and answers its writers. It ends when the
// sequencer has ended and everything is answered.
func (s *Store) commit() {
	defer close(s.done)
	for g := range s.commits {
		if g.batch != nil && s.failure.cause() == nil {
			if err := s.sync(g); err != nil {
				s.failure.set(err)
			}
		}
		if s.failure.cause() != nil {
			for _, w := range g.writes {
				w.err = s.failed()
				w.answered <- struct{}{}
			}
			continue
		}
		if g.batch != nil {
			watched := uint64(0)
			for name, h := range g.changed {
				s.published.Add(name, h)
				if s.watch(name) {
					watched = max(watched, h.position)
				}
			}
			s.recent.publish(g.records)
			if watched > 0 {
				s.watched.Store(watched)
			}
			if err := g.batch.Close(); err != nil {
				s.logger.Error("close a committed batch", "error", err)
			}
		}
		for _, w := range g.writes {
			w.answered <- struct{}{}
		}
	}
}

// sync waits until a group is durable and notes that it is. Only the failure says so: see stoppingFS.
func (s *Store) sync(g *group) error {
	if err := errors.Join(g.batch.SyncWait(), s.failure.cause()); err != nil {
		return err
	}
	return s.mark.set(g.records[len(g.records)-1].Position)
}
