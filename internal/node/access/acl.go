package access

import (
	"encoding/json"
	"strings"

	"am-user-management/internal/node/store"
)

// Action is what somebody wants to do with a stream.
type Action uint8

// The actions. Those on the metadata of a stream follow from the name of its metastream.
const (
	Read Action = iota
	Write
	Delete

	metaRead
	metaWrite
	actions
)

// acl names the roles that may do something; nil leaves the answer to a more general list.
type acl [actions][]string

// settings are the lists of all streams that have none of their own for an action.
type settings struct {
	user, system acl
}

// defaults apply where neither the stream nor the settings say anything.
func defaults(stream string) string {
	if isSystem(stream) {
		return admins
	}
	return everybody
}

func isSystem(stream string) bool { return strings.HasPrefix(stream, "$") }

// parseMetadata reads the access list in a stream's metadata.
func parseMetadata(event *store.Record) *acl {
	if event == nil || !event.JSON {
		return &acl{}
	}
	var list acl
	if fields, ok := object(event.Data); !ok || !list.read(fields["$acl"]) {
		return &acl{}
	}
	return &list
}

// parseSettings reads the lists in the node's settings.
func parseSettings(event *store.Record) *settings {
	if event == nil {
		return &settings{}
	}
	var s settings
	if fields, ok := object(event.Data); !ok || !s.user.read(fields["$userStreamAcl"]) || !s.system.read(fields["$systemStreamAcl"]) {
		return &settings{}
	}
	return &s
}

// read takes the roles that the document names. It reports whether the document is a list at all: one with a fault says
// nothing, as in EventStoreDB.
func (a *acl) read(document json.RawMessage) bool {
	if document == nil {
		return true
	}
	fields, ok := object(document)
	if !ok {
		return false
	}
	for action, key := range [actions]string{Read: "$r", Write: "$w", Delete: "$d", metaRead: "$mr", metaWrite: "$mw"} {
		if a[action], ok = roles(fields[key]); !ok {
			return false
		}
	}
	return true
}

// roles are written as one text or as a list of texts. An empty list is nobody, not nothing said.
func roles(document json.RawMessage) ([]string, bool) {
	if document == nil {
		return nil, true
	}
	if document[0] == '"' {
		var one string
		err := json.Unmarshal(document, &one)
		return []string{one}, err == nil
	}
	var several []string
	err := json.Unmarshal(document, &several)
	return several, err == nil
}

// object returns the fields of a JSON object, whose names count letter by letter.
func object(data []byte) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(data, &fields)
	return fields, err == nil && fields != nil
}
