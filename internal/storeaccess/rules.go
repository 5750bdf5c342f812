// Package storeaccess is about what an account may do in the event store: the rules that make the service's account
// append-only and an auditor's read-only, and how a service finds out what its own account may. The store enforces the
// rules; they hold for streams that have none of their own. The package imports the client, uuid and gRPC's codes.
package storeaccess

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// Accounts are the names of the store's accounts.
type Accounts struct {
	// Service may read and append. Auditors may read.
	Service  string
	Auditors []string
}

// Document is one of the two places where rules stand.
type Document struct {
	// Stream is where it stands, Type the type of its events.
	Stream, Type string
	// Before is what is there, "" for nothing; After is what is to be there. Both are JSON.
	Before, After string

	at esdb.ExpectedRevision
}

// Changes reports whether there is something to be changed.
func (d Document) Changes() bool { return d.Before != d.After }

const (
	settingsStream = "$settings"
	settingsType   = "settings"
	allMetastream  = "$$$all"
	metadataType   = "$metadata"

	admins   = "$admins"
	everyone = "$all"
)

// Plan reads the rules that are there and adds what these accounts need. Whatever else is there stays, but for what
// would let them do more: their names where they do not belong, and everybody's. The errors are the client's.
func Plan(ctx context.Context, client *esdb.Client, accounts Accounts) ([]Document, error) {
	settings := Document{Stream: settingsStream, Type: settingsType}
	all := Document{Stream: allMetastream, Type: metadataType}
	for _, d := range []struct {
		document *Document
		change   func(object) error
	}{{&settings, accounts.inSettings}, {&all, accounts.inAll}} {
		there, err := d.document.read(ctx, client)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.document.Stream, err)
		}
		if err := d.change(there); err != nil {
			return nil, fmt.Errorf("%s: %w", d.document.Stream, err)
		}
		if d.document.After, err = there.text(); err != nil {
			return nil, err
		}
	}
	return []Document{settings, all}, nil
}

// Apply writes a document, unless it was changed since it was read: that is an error.
func Apply(ctx context.Context, client *esdb.Client, d Document) error {
	if !d.Changes() {
		return nil
	}
	_, err := client.AppendToStream(ctx, d.Stream, esdb.AppendToStreamOptions{ExpectedRevision: d.at, RequiresLeader: true}, esdb.EventData{
		EventID: uuid.New(), EventType: d.Type, ContentType: esdb.ContentTypeJson, Data: []byte(d.After),
	})
	return err
}

// read sets what is there.
func (d *Document) read(ctx context.Context, client *esdb.Client) (object, error) {
	d.at = esdb.NoStream{}
	read, err := client.ReadStream(ctx, d.Stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	if err != nil {
		return nil, err
	}
	defer read.Close()
	last, err := read.Recv()
	var fault *esdb.Error
	if errors.Is(err, io.EOF) || errors.As(err, &fault) && fault.IsErrorCode(esdb.ErrorCodeResourceNotFound) {
		return object{}, nil
	}
	if err != nil {
		return nil, err
	}
	event := last.OriginalEvent()
	d.at = esdb.Revision(event.EventNumber)
	there := object{}
	if err := json.Unmarshal(event.Data, &there); err != nil {
		return nil, fmt.Errorf("what is there is no JSON object: %w", err)
	}
	d.Before, err = there.text()
	return there, err
}

// inSettings makes the rules for all streams.
func (a Accounts) inSettings(settings object) error {
	own := append([]string{a.Service}, a.Auditors...)
	readers, nobody := append(slices.Clone(own), admins), []string{admins}
	err := settings.acl("$userStreamAcl", map[string]rule{
		"$r": {with: readers}, "$w": {with: []string{a.Service, admins}, without: a.Auditors},
		"$d": {nobody, own}, "$mr": {with: nobody}, "$mw": {nobody, own},
	})
	if err != nil {
		return err
	}
	return settings.acl("$systemStreamAcl", map[string]rule{
		"$r": {nobody, own}, "$w": {nobody, own}, "$d": {nobody, own}, "$mr": {nobody, own}, "$mw": {nobody, own},
	})
}

// inAll makes the rules for the log as a whole.
func (a Accounts) inAll(metadata object) error {
	return metadata.acl("$acl", map[string]rule{"$r": {with: append([]string{a.Service}, a.Auditors...)}})
}

// rule is who is to be in a list, and who is not. Everybody never is.
type rule struct{ with, without []string }

// object is a JSON object of which we know only some keys.
type object map[string]json.RawMessage

// acl changes lists of an access rule.
func (o object) acl(key string, rules map[string]rule) error {
	lists := object{}
	if raw, there := o[key]; there {
		if err := json.Unmarshal(raw, &lists); err != nil {
			return fmt.Errorf("%s is no object: %w", key, err)
		}
	}
	for action, rule := range rules {
		names, err := namesOf(lists[action])
		if err != nil {
			return fmt.Errorf("%s %s: %w", key, action, err)
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name == everyone || slices.Contains(rule.without, name) })
		for _, name := range rule.with {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if lists[action], err = json.Marshal(names); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(lists)
	o[key] = raw
	return err
}

// namesOf reads a list of names, or one name.
func namesOf(raw json.RawMessage) ([]string, error) {
	if raw == nil {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil {
		return nil, fmt.Errorf("neither a name nor a list of names: %w", err)
	}
	return many, nil
}

// text is the object, keys in order and indented. One name reads the same as a list of it.
func (o object) text() (string, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, raw, "", "  "); err != nil {
		return "", err
	}
	return text.String(), nil
}
