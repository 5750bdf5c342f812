package persistent

import (
	"cmp"
	"errors"
	"math"

	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// Consumer is one connection to a group. Close it in the end.
type Consumer struct {
	subscription *subscription
	consumer     *group.Consumer
}

// Client is whom statistics name as a consumer: its connection, by the client's own name, and its user, none for a node
// that asks nobody.
type Client struct{ Connection, User string }

// Connect adds a consumer to a group, which has up to slots events at a time. It returns an Error of kind NotFound,
// TooMany or Dropped.
func (s *Subsystem) Connect(stream, groupName string, client Client, slots int) (*Consumer, error) {
	found, err := s.find(stream, groupName)
	if err != nil {
		return nil, err
	}
	found.mu.Lock()
	defer found.mu.Unlock()
	if found.hasEnded() {
		return nil, &Error{Kind: Dropped, Stream: stream, Group: groupName}
	}
	consumer, err := found.group.Connect(client.Connection, cmp.Or(client.User, systemUser), slots, s.elapsed())
	if errors.Is(err, group.ErrFull) {
		return nil, &Error{Kind: TooMany, Stream: stream, Group: groupName}
	}
	found.work()
	return &Consumer{subscription: found, consumer: consumer}, nil
}

// News returns a channel that gets a value when there is something to Take.
func (c *Consumer) News() <-chan struct{} { return c.consumer.News() }

// Dropped returns a channel that is closed when the group sends no more; DroppedError then tells so.
func (c *Consumer) Dropped() <-chan struct{} { return c.subscription.ended }

// DroppedError returns the error for a consumer that was dropped.
func (c *Consumer) DroppedError() error {
	return &Error{Kind: Dropped, Stream: c.subscription.definition.Stream, Group: c.subscription.definition.Group}
}

// Take returns the events that are to be sent now.
func (c *Consumer) Take() []group.Delivery {
	c.subscription.mu.Lock()
	defer c.subscription.mu.Unlock()
	return c.consumer.Take()
}

// Ack tells that the consumer is done with events.
func (c *Consumer) Ack(ids []store.ID) {
	s := c.subscription
	s.change(func() { s.group.Ack(c.consumer, ids, s.elapsed()) })
}

// Nack tells that the consumer failed with events, and what becomes of them.
func (c *Consumer) Nack(ids []store.ID, action group.Action, reason string) {
	s := c.subscription
	s.change(func() { s.group.Nack(c.consumer, ids, action, reason, s.elapsed()) })
}

// Close gives back what the consumer has not answered.
func (c *Consumer) Close() {
	s := c.subscription
	s.change(func() { s.group.Disconnect(c.consumer, s.elapsed()) })
}

// change changes the group, unless it has ended.
func (s *subscription) change(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasEnded() {
		return
	}
	change()
	s.work()
}

// ReplayAll as the place to stop replaying means all parked events that there are now.
const ReplayAll = math.MaxInt64

// Replay sends the group's parked events again, those of revisions before stopAt in the parked stream. It returns an Error of kind NotFound, or an error of the store.
func (s *Subsystem) Replay(stream, groupName string, stopAt int64) error {
	found, err := s.find(stream, groupName)
	if err != nil {
		return err
	}
	view, err := s.store.Stream(s.running, parkedStream(stream, groupName))
	if err != nil || !view.Found() {
		return err
	}
	found.change(func() { found.group.Replay(min(stopAt, view.Last+1)) })
	return nil
}
