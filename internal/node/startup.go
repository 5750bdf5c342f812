package node

import (
	"context"

	"github.com/google/uuid"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// epochStream gets one event at every start. Readers of the whole log never see it.
const epochStream = "$epoch-information"

// writeStartupEvents gives a fresh log the content that tools wait for before they call a server ready, every start its
// epoch, and a node that checks passwords its first users.
func (n *Node) writeStartupEvents(ctx context.Context, security *Security) error {
	fresh := n.store.Last() == 0
	if security != nil || fresh {
		var given access.Passwords
		if security != nil {
			given = security.Passwords
		}
		if err := n.users.Begin(ctx, given); err != nil {
			return err
		}
	}
	if fresh {
		const scavengeMetadata = `{"$maxAge":2592000,"$acl":{"$r":["$admins","$ops"]}}`
		if err := n.writeSystemEvent(ctx, "$$$scavenges", store.MetadataType, []byte(scavengeMetadata)); err != nil {
			return err
		}
	}
	return n.writeSystemEvent(ctx, epochStream, "$epoch-information", []byte(`{}`))
}

func (n *Node) writeSystemEvent(ctx context.Context, stream, eventType string, data []byte) error {
	event := store.Event{ID: store.ID(uuid.New()), Type: eventType, JSON: true, Data: data}
	_, err := n.store.Append(ctx, stream, store.Any, []store.Event{event})
	return err
}
