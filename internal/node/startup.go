package node

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

// epochStream gets one event at every start. Readers of the whole log never see it.
const epochStream = "$epoch-information"

// systemUser is a user that every EventStoreDB has. This node checks no passwords and so keeps none.
type systemUser struct {
	LoginName string
	FullName  string
	Salt      string
	Hash      string
	Disabled  bool
	Groups    []string
}

// writeStartupEvents gives a fresh log the content that tools wait for before they call a server ready, and every
// start its epoch.
func (n *Node) writeStartupEvents(ctx context.Context) error {
	if n.store.Last() == 0 {
		if err := n.writeSystemUsers(ctx); err != nil {
			return err
		}
	}
	return n.writeSystemEvent(ctx, epochStream, "$epoch-information", true, []byte(`{}`))
}

func (n *Node) writeSystemUsers(ctx context.Context) error {
	const userACL = `{"$acl":{"$w":"$admins","$d":"$admins","$mw":"$admins"}}`
	for _, user := range []systemUser{
		{LoginName: "admin", FullName: "Event Store Administrator", Groups: []string{"$admins"}},
		{LoginName: "ops", FullName: "Event Store Operations", Groups: []string{"$ops"}},
	} {
		data, err := json.Marshal(user)
		if err != nil {
			return err
		}
		stream := "$user-" + user.LoginName
		if err := n.writeSystemEvent(ctx, "$$"+stream, store.MetadataType, true, []byte(userACL)); err != nil {
			return err
		}
		if err := n.writeSystemEvent(ctx, stream, "$UserCreated", true, data); err != nil {
			return err
		}
		if err := n.writeSystemEvent(ctx, "$users", "$User", false, []byte(user.LoginName)); err != nil {
			return err
		}
	}
	const scavengeMetadata = `{"$maxAge":2592000,"$acl":{"$r":["$admins","$ops"]}}`
	return n.writeSystemEvent(ctx, "$$$scavenges", store.MetadataType, true, []byte(scavengeMetadata))
}

func (n *Node) writeSystemEvent(ctx context.Context, stream, eventType string, isJSON bool, data []byte) error {
	event := store.Event{ID: store.ID(uuid.New()), Type: eventType, JSON: isJSON, Data: data}
	_, err := n.store.Append(ctx, stream, store.Any, []store.Event{event})
	return err
}
