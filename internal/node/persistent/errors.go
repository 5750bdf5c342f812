package persistent

import "fmt"

// Kind is what is wrong with a call.
type Kind int

// The kinds of errors.
const (
	// NotFound: there is no such group.
	NotFound Kind = iota
	// Exists: there is already one.
	Exists
	// Refused: the call cannot be done; Reason tells why.
	Refused
	// TooMany: the group has as many consumers as it may.
	TooMany
	// Dropped: the group was deleted or updated, or all were restarted.
	Dropped
)

// Error tells what is wrong with a call about a group.
type Error struct {
	Kind   Kind
	Stream string
	Group  string
	// Reason is set if Kind is Refused.
	Reason string
}

func (e *Error) Error() string {
	switch e.Kind {
	case NotFound:
		return fmt.Sprintf("Subscription group %s on stream %s does not exist.", e.Group, e.Stream)
	case Exists:
		return fmt.Sprintf("Subscription group %s on stream %s exists.", e.Group, e.Stream)
	case TooMany:
		return fmt.Sprintf("Maximum subscriptions reached for subscription group %s on stream %s.", e.Group, e.Stream)
	case Dropped:
		return fmt.Sprintf("Subscription group %s on stream %s was dropped.", e.Group, e.Stream)
	case Refused:
	}
	return fmt.Sprintf("Subscription group %s on stream %s failed: '%s'", e.Group, e.Stream, e.Reason)
}
