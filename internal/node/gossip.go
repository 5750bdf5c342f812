package node

import (
	"context"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
)

// member is the only member of the cluster that gossip describes: this node, always its leader.
type member struct {
	gossip.UnimplementedGossipServer

	id      *shared.UUID
	address *gossip.EndPoint
	clock   func() time.Time
}

func newMember(options Options, id uuid.UUID) *member {
	m := &member{
		id:      structuredID(id),
		address: &gossip.EndPoint{Address: options.AdvertiseHost, Port: options.AdvertisePort},
		clock:   options.Clock,
	}
	if m.address.Address == "" {
		m.address.Address = defaultHost
	}
	if m.address.Port == 0 {
		m.address.Port = defaultPort
	}
	return m
}

// Read names the address that clients should dial.
func (m *member) Read(context.Context, *shared.Empty) (*gossip.ClusterInfo, error) {
	const tick = 100 * time.Nanosecond
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		InstanceId: m.id, TimeStamp: m.clock().UnixNano() / int64(tick),
		State: gossip.MemberInfo_Leader, IsAlive: true, HttpEndPoint: m.address,
	}}}, nil
}
