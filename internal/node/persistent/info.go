package persistent

import (
	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// Info is a group as its owner sees it.
type Info struct {
	Definition

	group.Stats

	// LastKnown is the number of the last event that EventStoreDB would know of, -1 if there is none: of the last that it would
	// have read ahead, or that came since the group was loaded.
	LastKnown int64
	// ReadAhead is how many events besides Fresh EventStoreDB would have read and not handed out.
	ReadAhead int
	// ParkedCount is how many parked events have not been replayed.
	ParkedCount int64
}

// Info returns one group's. It returns an Error of kind NotFound, or an error of the store.
func (s *Subsystem) Info(stream, groupName string) (*Info, error) {
	found, err := s.find(stream, groupName)
	if err != nil {
		return nil, err
	}
	return found.info()
}

// List returns all groups, in the order of their creation.
func (s *Subsystem) List() ([]*Info, error) {
	all, err := s.all()
	if err != nil {
		return nil, err
	}
	return infos(all)
}

// ListOf returns the groups of one stream, in the order of their creation. If it has had none since the groups were loaded, it
// returns an Error of kind NotFound.
func (s *Subsystem) ListOf(stream string) ([]*Info, error) {
	all, err := s.all()
	if err != nil {
		return nil, err
	}
	var of []*subscription
	for _, subscription := range all {
		if subscription.definition.Stream == stream {
			of = append(of, subscription)
		}
	}
	if !s.hadGroups(stream) {
		return nil, &Error{Kind: NotFound, Stream: stream}
	}
	return infos(of)
}

func (s *Subsystem) hadGroups(stream string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.had[stream]
}

func infos(subscriptions []*subscription) ([]*Info, error) {
	all := make([]*Info, 0, len(subscriptions))
	for _, subscription := range subscriptions {
		info, err := subscription.info()
		if err != nil {
			return nil, err
		}
		all = append(all, info)
	}
	return all, nil
}

func (s *subscription) info() (*Info, error) {
	s.mu.Lock()
	info := &Info{Definition: *s.definition, Stats: s.group.Stats()}
	s.mu.Unlock()
	info.LastKnown = info.Known
	look := s.lookAtStream
	if s.definition.Stream == AllStream {
		look = s.lookAtAll
	}
	if err := look(info); err != nil {
		return nil, err
	}
	parked, err := s.store.Stream(s.running, parkedStream(s.definition.Stream, s.definition.Group))
	if err != nil {
		return nil, err
	}
	info.ParkedCount = max(parked.Last+1-max(info.Parked, parked.First), 0)
	return info, nil
}

// lookAtStream tells of a group that nobody reads what EventStoreDB knows by reading ahead.
func (s *subscription) lookAtStream(info *Info) error {
	view, err := s.store.Stream(s.running, s.definition.Stream)
	if err != nil {
		return err
	}
	from := max(info.Next, view.First)
	unread := view.Last + 1 - from
	if unread <= 0 || !view.Found() {
		info.Live = true
		return nil
	}
	if len(info.Consumers) == 0 {
		old := max(s.loadedAt+1-from, 0)
		ahead, space := min(int64(info.Ahead), unread), int64(info.Space)
		info.LastKnown = max(info.LastKnown, from-1+ahead)
		if info.Live = old <= ahead && unread <= space; old <= ahead {
			ahead = min(unread, space) // those that came later are not read but told
		}
		info.ReadAhead = int(ahead)
	}
	if view.Last > s.loadedAt && view.Last >= s.definition.first() {
		info.LastKnown = view.Last
	}
	return nil
}

// lookAhead bounds the records that are looked at for a group of the whole log that nobody reads.
const lookAhead = 16 * widest

// lookAtAll is lookAtStream for the whole log, of which not every record is for the group.
func (s *subscription) lookAtAll(info *Info) error {
	last := s.store.Last()
	if len(info.Consumers) > 0 {
		info.Live = info.Live || info.Next > int64(last)
		return nil
	}
	var page store.Page
	left := info.Ahead
	from := uint64(info.Next)
	for end := from + lookAhead; from <= last && from < end; {
		next, err := s.store.ReadForward(&page, from, widest)
		if err != nil {
			return err
		}
		for _, record := range page.Records {
			if record.Void() || !s.wanted(record) {
				continue
			}
			if left--; left < 0 {
				info.Live = false
				return nil
			}
			info.ReadAhead++
			info.LastKnown = int64(record.Position)
		}
		from = next
	}
	info.Live = from > last
	return nil
}
