// Package domain holds what every module of the business shares: events, folds, decisions, ids, errors and the
// two kinds of text that must not be stored in the clear. It is pure: the standard library only, no clock, no
// randomness, no input or output, so that a rule can be read and tested without leaving its package.
package domain

// Event is a fact that was stored, or is about to be. Its EventType is the name on the wire and never changes.
type Event interface {
	EventType() string
}

// State is what the events E of one stream add up to. The zero value of S means "nothing yet".
// Evolve cannot fail: the event already happened.
type State[S any, E Event] interface {
	Evolve(event E) S
}

// Command is one wish about one stream. Stream names the stream; Decide turns the wish into events, into nothing
// (what is wished is already so), or into a rule that forbids it (an *Error). Time, ids and hashes are fields of
// the command: Decide gives the same answer however often it is asked.
type Command[S any, E Event] interface {
	Stream() string
	Decide(state S) ([]E, error)
}

// PersonalEvent is an event with fields of type Personal. Subject names the person they tell about, and with it the
// key that they are encrypted with.
type PersonalEvent interface {
	Event
	Subject() ID
}

// CredentialEvent is an event with fields of type Secret. Credential names the credential whose own key encrypts
// them, and whose end destroys that key.
type CredentialEvent interface {
	Event
	Credential() ID
}
