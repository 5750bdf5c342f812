package persistent

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// subscription is one group at work. Its goroutines run only while there is something to read or to write.
type subscription struct {
	*Subsystem

	definition *Definition
	// wanted tells which events of the whole log are for this group; nil if the source is one stream.
	wanted func(*store.Record) bool
	// loadedAt is the last revision that the source had when the group was taken up; of no use if it is the whole log.
	loadedAt int64

	mu    sync.Mutex
	group *group.Group
	// reading and writing tell that a goroutine does so.
	reading, writing bool
	atWork           sync.WaitGroup
	// ended is closed when the group takes no consumers any more.
	ended chan struct{}
}

// loadSubscription takes up a group where its last checkpoint and its parked stream tell.
func (s *Subsystem) loadSubscription(definition *Definition) (*subscription, error) {
	subscription := &subscription{Subsystem: s, definition: definition, ended: make(chan struct{})}
	if definition.Stream == AllStream {
		var err error
		if subscription.wanted, err = s.compile(definition.Filter); err != nil {
			return nil, err
		}
	} else {
		view, err := s.store.Stream(s.running, definition.Stream)
		if err != nil {
			return nil, err
		}
		subscription.loadedAt = view.Last
	}
	state := group.State{Next: definition.first(), Checkpoint: -1}
	last, err := s.lastEvent(checkpointStream(definition.Stream, definition.Group))
	if err != nil {
		return nil, err
	}
	if last != nil {
		if state.Checkpoint, err = parseCheckpoint(last.Data); err != nil {
			return nil, fmt.Errorf("%s at revision %d: %w", last.Stream, last.Revision, err)
		}
		state.Next = state.Checkpoint + 1
	}
	parked, err := s.store.Stream(s.running, parkedStream(definition.Stream, definition.Group))
	if err != nil {
		return nil, err
	}
	state.Parked = min(parked.First, parked.Last+1)
	subscription.group = group.New(definition.Settings, state)
	return subscription, nil
}

// parseCheckpoint reads the number in a checkpoint event, a JSON string.
func parseCheckpoint(data []byte) (int64, error) {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return 0, err
	}
	return parseNumber(text)
}

// wake tells that the source may have a new event.
func (s *subscription) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.group.News()
	s.work()
}

func (s *subscription) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.group.Tick(s.elapsed())
	s.work()
}

// work starts what the group asks for. It is to be called after every change, with mu held.
func (s *subscription) work() {
	if s.hasEnded() {
		return
	}
	if !s.reading {
		if want, there := s.group.Want(); there {
			s.reading = true
			s.atWork.Go(func() { s.read(want) })
		}
	}
	if !s.writing {
		if write, due := s.group.Due(); due {
			s.writing = true
			s.atWork.Go(func() { s.write(write) })
		}
	}
}

func (s *subscription) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// end drops all consumers, waits for what is at work, and writes what is due then, to which finish may add.
func (s *subscription) end(finish func(*group.Group)) {
	s.mu.Lock()
	ended := s.hasEnded()
	if !ended {
		close(s.ended)
	}
	s.mu.Unlock()
	if ended {
		return
	}
	s.atWork.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	finish(s.group)
	for {
		write, due := s.group.Due()
		if !due {
			return
		}
		if err := s.perform(write); err != nil {
			s.logFailure("write the progress of a persistent subscription", err)
			return
		}
		s.group.Written(write)
	}
}

// logFailure reports an error that is no consequence of the node's end.
func (s *subscription) logFailure(what string, err error) {
	if s.running.Err() == nil && !errors.Is(err, store.ErrClosed) && !errors.Is(err, store.ErrFailed) {
		s.logger.Error(what, "stream", s.definition.Stream, "group", s.definition.Group, "error", err)
	}
}
