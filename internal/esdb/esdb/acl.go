package esdb

import (
	"encoding/json"
	"fmt"
)

// Texts that stand in place of an Acl for the store's own rules.
const (
	// UserStreamAcl is the rule for ordinary streams.
	UserStreamAcl = "$userStreamAcl" //nolint:revive // the official client's spelling
	// SystemStreamAcl is the rule for streams of the system.
	SystemStreamAcl = "$systemStreamAcl" //nolint:revive // the official client's spelling
)

// Acl says which users and groups may do what with a stream. The store fills
// an action without roles from its own rules.
type Acl struct {
	read      []string
	write     []string
	remove    []string
	metaRead  []string
	metaWrite []string
}

// AddReadRoles allows reading events.
func (a *Acl) AddReadRoles(roles ...string) { a.read = append(a.read, roles...) }

// AddWriteRoles allows appending events.
func (a *Acl) AddWriteRoles(roles ...string) { a.write = append(a.write, roles...) }

// AddDeleteRoles allows deleting the stream.
func (a *Acl) AddDeleteRoles(roles ...string) { a.remove = append(a.remove, roles...) }

// AddMetaReadRoles allows reading the stream's metadata.
func (a *Acl) AddMetaReadRoles(roles ...string) { a.metaRead = append(a.metaRead, roles...) }

// AddMetaWriteRoles allows replacing the stream's metadata.
func (a *Acl) AddMetaWriteRoles(roles ...string) { a.metaWrite = append(a.metaWrite, roles...) }

// ReadRoles may read events.
func (a Acl) ReadRoles() []string { return a.read }

// WriteRoles may append events.
func (a Acl) WriteRoles() []string { return a.write }

// DeleteRoles may delete the stream.
func (a Acl) DeleteRoles() []string { return a.remove }

// MetaReadRoles may read the stream's metadata.
func (a Acl) MetaReadRoles() []string { return a.metaRead }

// MetaWriteRoles may replace the stream's metadata.
func (a Acl) MetaWriteRoles() []string { return a.metaWrite }

// aclDocument is an Acl as the store keeps it.
type aclDocument struct {
	Read      roleList `json:"$r,omitempty"`
	Write     roleList `json:"$w,omitempty"`
	Delete    roleList `json:"$d,omitempty"`
	MetaRead  roleList `json:"$mr,omitempty"`
	MetaWrite roleList `json:"$mw,omitempty"`
}

func (a Acl) document() aclDocument {
	return aclDocument{Read: a.read, Write: a.write, Delete: a.remove, MetaRead: a.metaRead, MetaWrite: a.metaWrite}
}

func (d aclDocument) acl() Acl {
	return Acl{read: d.Read, write: d.Write, remove: d.Delete, metaRead: d.MetaRead, metaWrite: d.MetaWrite}
}

// roleList is a text if there is one role, else a list.
type roleList []string

// MarshalJSON writes one role as a text and several as a list.
func (l roleList) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return json.Marshal(l[0])
	}
	return json.Marshal([]string(l))
}

// UnmarshalJSON reads a text or a list of texts.
func (l *roleList) UnmarshalJSON(text []byte) error {
	var one string
	if err := json.Unmarshal(text, &one); err == nil {
		*l = roleList{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(text, &many); err != nil {
		return fmt.Errorf("roles are neither a text nor a list of texts: %s", text)
	}
	*l = many
	return nil
}
