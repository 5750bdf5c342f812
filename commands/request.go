package commands

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"am-user-management/internal/eventstore"
)

// Request is who asks, and how to tell a repeated request from a new one.
type Request struct {
	// CommandID names the request: all ids that the command makes derive from it, so a repeated request makes the
	// same ones and finds them in the streams.
	CommandID uuid.UUID
	// Fingerprint is a keyed hash of what is asked: two requests with one CommandID must agree in it.
	Fingerprint   string
	Actor         eventstore.Actor
	CorrelationID uuid.UUID
	// CausationID is the event that a saga reacts to; zero where the command is the cause.
	CausationID uuid.UUID
	Traceparent string
	Reason      string
	Client      eventstore.Client
	// IfMatch is the revision that the caller has seen, nil if any will do.
	IfMatch *uint64
	// At is the time that the request counts as made; zero is the clock's. A request with a time of its own drafts the
	// very same events at every try, and so may append before it looks: see execute.
	At time.Time
}

// Reaction is the request of a saga that reacts to an event: the same event, saga and step make the same request.
// Whoever knows when what it reacts to happened says so in At.
func Reaction(trigger eventstore.Envelope, saga, step, onBehalfOf string) Request {
	return Request{
		CommandID:     uuid.NewSHA1(trigger.ID, []byte(saga+"/"+step)),
		Fingerprint:   saga + "/" + step,
		Actor:         eventstore.Actor{ID: saga, Kind: eventstore.Saga, OnBehalfOf: onBehalfOf},
		CorrelationID: trigger.Meta.CorrelationID,
		CausationID:   trigger.ID,
		Traceparent:   trigger.Meta.Traceparent,
	}
}

// derive names something that the request makes.
func (r Request) derive(what string) uuid.UUID { return uuid.NewSHA1(r.CommandID, []byte(what)) }

// part is the request to do a part of what is asked on another stream: decided anew even where the whole meets the
// stream twice, and by no revision of the caller.
func (r Request) part(name string) Request {
	r.CommandID, r.IfMatch = r.derive(name), nil
	return r
}

// eventID is the id of the event that the request appends to a stream as its index-th. What is asked is part of it: a
// store answers a repeated append by its ids alone, so two requests under one key, at the same moment, must not make
// the same ones.
func (r Request) eventID(stream string, index int) uuid.UUID {
	return r.derive(r.Fingerprint + "/" + stream + "/" + strconv.Itoa(index))
}

func (r Request) metadata() eventstore.Metadata {
	meta := eventstore.Metadata{
		CorrelationID: r.CorrelationID, CausationID: r.CausationID, CommandID: r.CommandID,
		Fingerprint: r.Fingerprint, Actor: r.Actor, Reason: r.Reason, SchemaVersion: 1,
		Tenant: eventstore.DefaultTenant, Traceparent: r.Traceparent, Client: r.Client,
	}
	if meta.CorrelationID == uuid.Nil {
		meta.CorrelationID = r.CommandID
	}
	if meta.CausationID == uuid.Nil {
		meta.CausationID = r.CommandID
	}
	return meta
}
