package eventstore

import (
	"github.com/google/uuid"

	"am-user-management/domain"
)

// Metadata is the envelope of every event: who wanted it, by which command, on whose behalf, and what is needed to
// decode it. The names with a dollar sign are the store's own and make its correlation tools work.
type Metadata struct {
	CorrelationID uuid.UUID `json:"$correlationId"`
	CausationID   uuid.UUID `json:"$causationId"`
	// CommandID is the command that drafted the event. A command whose id stands in its stream was done already.
	CommandID uuid.UUID `json:"commandId"`
	// Fingerprint is a keyed hash of the request: the same CommandID with another one is another request.
	Fingerprint string `json:"fingerprint,omitempty"`
	Actor       Actor  `json:"actor"`
	// Reason is what the actor gave as reason, if any.
	Reason string `json:"reason,omitempty"`
	// SchemaVersion is the version of the event's fields; older ones go through upcasters. 0 is read as 1.
	SchemaVersion int `json:"schemaVersion"`
	// Keys are the ids of the keys that the event's fields are encrypted with.
	Keys   Keys   `json:"keys,omitzero"`
	Tenant string `json:"tenant"`
	// Traceparent is the W3C trace context of the request.
	Traceparent string `json:"traceparent,omitempty"`
	// Client is where the request came from. It is personal data of the actor, or of the event's subject where the
	// actor is nobody yet, and stored encrypted.
	Client Client `json:"client,omitzero"`
}

// DefaultTenant is the only tenant today.
const DefaultTenant = "default"

// Actor is who wanted an event.
type Actor struct {
	// ID is a user's id, a service's name or a saga's name; empty for somebody unknown.
	ID   string    `json:"id,omitempty"`
	Kind ActorKind `json:"kind"`
	// OnBehalfOf is the user that a service or saga acts for.
	OnBehalfOf string `json:"onBehalfOf,omitempty"`
}

// ActorKind is the kind of an Actor.
type ActorKind string

// The kinds of actors.
const (
	Anonymous ActorKind = "anonymous"
	User      ActorKind = "user"
	Service   ActorKind = "service"
	Saga      ActorKind = "saga"
	Operator  ActorKind = "operator"
)

// Keys are key ids of the key ring, zero where an event has no such field.
type Keys struct {
	Personal   domain.ID `json:"personal,omitzero"`
	Credential domain.ID `json:"credential,omitzero"`
	Client     domain.ID `json:"client,omitzero"`
}

// Client is the source of a request.
type Client struct {
	IP        domain.Personal `json:"ip,omitzero"`
	UserAgent domain.Personal `json:"userAgent,omitzero"`
}
