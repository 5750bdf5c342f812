package access

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// Lists of the settings, and what a stream's metadata calls them by. EventStoreDB takes metadata with such a name and passes
// over it, so that only the stream's own name decides; here it counts, as whoever wrote it meant it to.
const (
	userList   = "$userStreamAcl"
	systemList = "$systemStreamAcl"
)

// own is what the metadata of a stream says: a list, or the name of the general one that it goes by.
type own struct {
	acl

	// general is userList or systemList; empty where the stream's name decides.
	general string
}

// settings are the lists of all streams that have none of their own for an action.
type settings struct {
	user, system acl
}

// of returns who may do something with a stream that goes by one of the two lists, also where that says nothing.
func (s *settings) of(general string, action Action) []string {
	list, otherwise := s.user, everybody
	if general == systemList {
		list, otherwise = s.system, admins
	}
	if list[action] != nil {
		return list[action]
	}
	return []string{otherwise}
}

// generalList is the list that a stream goes by for what its metadata does not say.
func generalList(stream string) string {
	if strings.HasPrefix(stream, "$") {
		return systemList
	}
	return userList
}

// adminsOnly is what a list says that cannot be read.
func adminsOnly() acl {
	var list acl
	for action := range list {
		list[action] = []string{admins}
	}
	return list
}

// parseMetadata reads the access list in a stream's metadata. The error names the first thing that is not as it has to
// be; what the list fails to tell for that is for administrators. EventStoreDB passes over the whole document then, which
// opens what somebody meant to close.
func parseMetadata(isJSON bool, data []byte) (own, error) {
	fields, ok := object(data)
	if !ok || !isJSON {
		return own{acl: adminsOnly()}, errors.New("the metadata is no JSON object")
	}
	const name = "$acl"
	var said own
	if document := fields[name]; len(document) > 0 && document[0] == '"' {
		if err := json.Unmarshal(document, &said.general); err != nil || said.general != userList && said.general != systemList {
			return own{acl: adminsOnly()}, fmt.Errorf("%s is neither an object nor the name of a list", name)
		}
		return said, nil
	}
	err := said.read(fields, name)
	return said, err
}

// parseSettings reads the lists in the node's settings, as parseMetadata does.
func parseSettings(data []byte) (settings, error) {
	fields, ok := object(data)
	if !ok {
		return settings{user: adminsOnly(), system: adminsOnly()}, errors.New("the settings are no JSON object")
	}
	var s settings
	user := s.user.read(fields, userList)
	system := s.system.read(fields, systemList)
	return s, cmp.Or(user, system)
}

// read takes the roles that the list of that name says, as parseMetadata does.
func (a *acl) read(lists map[string]json.RawMessage, name string) error {
	document, there := lists[name]
	if !there {
		return nil
	}
	fields, ok := object(document)
	if !ok {
		*a = adminsOnly()
		return fmt.Errorf("%s is no object", name)
	}
	var fault error
	for action, key := range [actions]string{Read: "$r", Write: "$w", Delete: "$d", metaRead: "$mr", metaWrite: "$mw"} {
		if a[action], ok = roles(fields[key]); !ok {
			a[action] = []string{admins}
			fault = cmp.Or(fault, fmt.Errorf("%s in %s is neither text nor a list of texts", key, name))
		}
	}
	return fault
}

// roles are written as one text or as a list of texts. An empty list is nobody, null or none is nothing said.
func roles(document json.RawMessage) ([]string, bool) {
	if document == nil {
		return nil, true
	}
	if document[0] == '"' {
		var one string
		err := json.Unmarshal(document, &one)
		return []string{one}, err == nil
	}
	var written []*string
	if err := json.Unmarshal(document, &written); err != nil || slices.Contains(written, nil) {
		return nil, false
	}
	if written == nil {
		return nil, true
	}
	several := make([]string, len(written))
	for i, role := range written {
		several[i] = *role
	}
	return several, true
}

// object returns the fields of a JSON object, whose names count letter by letter.
func object(data []byte) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(data, &fields)
	return fields, err == nil && fields != nil
}
