package persistent

import "am-user-management/internal/node/persistent/group"

// Info is a group as its owner sees it.
type Info struct {
	Definition

	group.Stats

	// LastKnown is the number of the source's last event, -1 if there is none.
	LastKnown int64
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
	info := &Info{Definition: *s.definition, Stats: s.group.Stats(), LastKnown: int64(s.store.Last())}
	s.mu.Unlock()
	if s.definition.Stream != AllStream {
		view, err := s.store.Stream(s.running, s.definition.Stream)
		if err != nil {
			return nil, err
		}
		info.LastKnown = view.Last
	}
	// A group that nobody reads has not looked.
	info.Live = info.Live || info.Next > info.LastKnown
	parked, err := s.store.Stream(s.running, parkedStream(s.definition.Stream, s.definition.Group))
	if err != nil {
		return nil, err
	}
	info.ParkedCount = max(parked.Last+1-max(info.Parked, parked.First), 0)
	return info, nil
}
