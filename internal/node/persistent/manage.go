package persistent

import (
	"errors"
	"slices"

	"am-user-management/internal/node/store"
)

// Create adds a group. It returns an Error of kind Exists or Refused, or an error of the filter or the store.
func (s *Subsystem) Create(definition Definition) error {
	s.managing.Lock()
	defer s.managing.Unlock()
	before, err := s.all()
	if err != nil {
		return err
	}
	if err := s.settle(&definition); err != nil {
		return err
	}
	if indexOf(before, definition.Stream, definition.Group) >= 0 {
		return &Error{Kind: Exists, Stream: definition.Stream, Group: definition.Group}
	}
	if err := definition.checkBuffer(); err != nil {
		return err
	}
	// What a group of the same name left behind would be taken for the progress of this one.
	if err := s.forget(&definition); err != nil {
		return err
	}
	created, err := s.loadSubscription(&definition)
	if err != nil {
		return err
	}
	if err := s.saveDefinitions(append(definitionsOf(before), &definition)); err != nil {
		return unsaved(&definition, err)
	}
	s.replace(append(slices.Clone(before), created))
	return nil
}

// Update changes a group's settings and drops its consumers. The filter stays, and the group goes on after its checkpoint.
// Without one it begins at the start, unless it has done something and would miss what it has not. It returns an Error of
// kind NotFound or Refused, or an error of the store.
func (s *Subsystem) Update(definition Definition) error {
	s.managing.Lock()
	defer s.managing.Unlock()
	before, i, err := s.locate(definition.Stream, definition.Group)
	if err != nil {
		return err
	}
	definition.Filter = before[i].definition.Filter
	if err := s.settle(&definition); err != nil {
		return err
	}
	if err := definition.checkBuffer(); err != nil {
		return err
	}
	definitions := definitionsOf(before)
	definitions[i] = &definition
	if err := s.saveDefinitions(definitions); err != nil {
		return unsaved(&definition, err)
	}
	before[i].end(beginning(definition.first()))
	after := slices.Clone(before)
	if after[i], err = s.loadSubscription(&definition); err != nil {
		return err
	}
	s.replace(after)
	return nil
}

// Delete removes a group and drops its consumers. It returns an Error of kind NotFound, or an error of the store.
func (s *Subsystem) Delete(stream, group string) error {
	s.managing.Lock()
	defer s.managing.Unlock()
	before, i, err := s.locate(stream, group)
	if err != nil {
		return err
	}
	after := slices.Delete(slices.Clone(before), i, i+1)
	if err := s.saveDefinitions(definitionsOf(after)); err != nil {
		return unsaved(before[i].definition, err)
	}
	s.replace(after)
	before[i].end(asItIs)
	return s.forget(before[i].definition)
}

// settle checks a definition, and fixes what the end means to it.
func (s *Subsystem) settle(definition *Definition) error {
	end := int64(s.store.Last())
	if definition.Stream != AllStream {
		view, err := s.store.Stream(s.running, definition.Stream)
		if err != nil {
			return err
		}
		end = view.Last
	}
	definition.resume = end + 1
	return definition.check(end)
}

// forget hides a group's checkpoints and parked events.
func (s *Subsystem) forget(definition *Definition) error {
	for _, stream := range []string{
		checkpointStream(definition.Stream, definition.Group), parkedStream(definition.Stream, definition.Group),
	} {
		view, err := s.store.Stream(s.running, stream)
		if err != nil {
			return err
		}
		if !view.Found() || view.Tombstoned {
			continue
		}
		if _, err := s.store.Delete(s.running, stream, store.Any); err != nil {
			return err
		}
	}
	return nil
}

// unsaved tells what is wrong with definitions that the log does not take: there are too many.
func unsaved(definition *Definition, err error) error {
	var tooLarge *store.TooLargeError
	if errors.As(err, &tooLarge) {
		return definition.refuse("definitions of all subscriptions are too large together: " + err.Error())
	}
	return err
}

func (s *Subsystem) locate(stream, group string) ([]*subscription, int, error) {
	all, err := s.all()
	if err != nil {
		return nil, 0, err
	}
	i := indexOf(all, stream, group)
	if i < 0 {
		return nil, 0, &Error{Kind: NotFound, Stream: stream, Group: group}
	}
	return all, i, nil
}

func indexOf(subscriptions []*subscription, stream, group string) int {
	return slices.IndexFunc(subscriptions, func(subscription *subscription) bool {
		return subscription.definition.Stream == stream && subscription.definition.Group == group
	})
}

func definitionsOf(subscriptions []*subscription) []*Definition {
	definitions := make([]*Definition, 0, len(subscriptions)+1)
	for _, subscription := range subscriptions {
		definitions = append(definitions, subscription.definition)
	}
	return definitions
}
