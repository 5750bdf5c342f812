package esdb

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
)

// discover goes over all candidates until one answers, at most
// MaxDiscoverAttempts times. A leader that another node named is tried first.
func (c *connector) discover(ctx context.Context, leader *EndPoint) (*connection, error) {
	last := errors.New("no attempt is allowed")
	if leader != nil {
		conn, err := c.connect(ctx, leader.String())
		if err == nil {
			return conn, nil
		}
		last = err
		c.config.logf(LogWarn, "named leader %v: %v", leader, err)
	}
	pause := time.Duration(c.config.DiscoveryInterval) * time.Millisecond
	for attempt := range c.config.MaxDiscoverAttempts {
		if attempt > 0 {
			if err := wait(ctx, pause); err != nil {
				return nil, err
			}
		}
		for _, candidate := range c.candidates() {
			conn, err := c.try(ctx, candidate)
			if err == nil {
				return conn, nil
			}
			last = err
			c.config.logf(LogWarn, "candidate %s: %v", candidate, err)
		}
	}
	return nil, last
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// candidates are the addresses to try in one round, in random order.
func (c *connector) candidates() []string {
	if len(c.config.GossipSeeds) == 0 {
		return []string{c.config.Address}
	}
	addresses := make([]string, 0, len(c.config.GossipSeeds))
	for _, seed := range c.config.GossipSeeds {
		addresses = append(addresses, seed.String())
	}
	rand.Shuffle(len(addresses), func(i, j int) { addresses[i], addresses[j] = addresses[j], addresses[i] })
	return addresses
}

// try connects to the candidate, or to the node it recommends.
func (c *connector) try(ctx context.Context, candidate string) (*connection, error) {
	if !c.config.usesGossip() {
		return c.connect(ctx, candidate)
	}
	seed, err := c.config.dial(candidate)
	if err != nil {
		return nil, err
	}
	defer func() { _ = seed.Close() }()
	members, err := c.members(ctx, seed)
	if err != nil {
		return nil, err
	}
	node := choose(members, c.config.NodePreference)
	if node == nil {
		return nil, errors.New("gossip names no node that takes clients")
	}
	return c.connect(ctx, node.String())
}

// connect dials a node and asks what it can do. A connection to that node which
// is under suspicion but up is kept, so that its running calls go on.
func (c *connector) connect(ctx context.Context, address string) (*connection, error) {
	if old := c.reusable(address); old != nil {
		if server, err := c.features(ctx, old.grpc); err == nil {
			return &connection{address: address, grpc: old.grpc, streams: old.streams, server: server, closed: old.closed}, nil
		}
	}
	dialled, err := c.config.dial(address)
	if err != nil {
		return nil, err
	}
	server, err := c.features(ctx, dialled)
	if err != nil {
		_ = dialled.Close()
		return nil, err
	}
	return newConnection(address, dialled, server), nil
}

func (c *connector) features(ctx context.Context, conn grpc.ClientConnInterface) (features, error) {
	ctx, cancel := context.WithTimeout(ctx, c.answerTime())
	defer cancel()
	return askFeatures(ctx, conn)
}

func (c *connector) members(ctx context.Context, conn grpc.ClientConnInterface) ([]*gossip.MemberInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, c.answerTime())
	defer cancel()
	cluster, err := gossip.NewGossipClient(conn).Read(ctx, &shared.Empty{})
	return cluster.GetMembers(), err
}

func (c *connector) answerTime() time.Duration {
	return time.Duration(c.config.GossipTimeout) * time.Second
}

// choose picks a random node of the preferred kind, else any that takes
// clients, else nil.
func choose(members []*gossip.MemberInfo, preference NodePreference) *EndPoint {
	var preferred, others []*gossip.MemberInfo
	for _, member := range members {
		switch {
		case !member.GetIsAlive() || !takesClients(member.GetState()):
		case isPreferred(member.GetState(), preference):
			preferred = append(preferred, member)
		default:
			others = append(others, member)
		}
	}
	if len(preferred) == 0 {
		preferred = others
	}
	if len(preferred) == 0 {
		return nil
	}
	address := preferred[rand.IntN(len(preferred))].GetHttpEndPoint()
	return &EndPoint{Host: address.GetAddress(), Port: uint16(address.GetPort())}
}

func takesClients(state gossip.MemberInfo_VNodeState) bool {
	return state == gossip.MemberInfo_Leader || state == gossip.MemberInfo_Follower || isReadOnly(state)
}

func isReadOnly(state gossip.MemberInfo_VNodeState) bool {
	return slices.Contains([]gossip.MemberInfo_VNodeState{
		gossip.MemberInfo_ReadOnlyLeaderless, gossip.MemberInfo_PreReadOnlyReplica, gossip.MemberInfo_ReadOnlyReplica,
	}, state)
}

func isPreferred(state gossip.MemberInfo_VNodeState, preference NodePreference) bool {
	switch preference {
	case NodePreferenceLeader:
		return state == gossip.MemberInfo_Leader
	case NodePreferenceFollower:
		return state == gossip.MemberInfo_Follower
	case NodePreferenceReadOnlyReplica:
		return isReadOnly(state)
	}
	return true
}
