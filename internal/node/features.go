package node

import (
	"context"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"

	"am-user-management/internal/node/protos/users"
)

// serverVersion is the EventStoreDB release whose behaviour the node follows. Clients read it.
const serverVersion = "23.10.8"

const (
	serviceStreams    = "event_store.client.streams.streams"
	serviceGossip     = "event_store.client.gossip.gossip"
	serviceFeatures   = "event_store.client.server_features.serverfeatures"
	serviceUsers      = "event_store.client.users.users"
	servicePersistent = "event_store.client.persistent_subscriptions.persistentsubscriptions"
)

// features answers which calls are served, by the names that EventStoreDB gives them.
type features struct {
	serverfeatures.UnimplementedServerFeaturesServer

	// users tells that the node has users to manage.
	users bool
}

// GetSupportedMethods lists what this node serves.
func (f features) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	supported := &serverfeatures.SupportedMethods{
		EventStoreServerVersion: serverVersion,
		Methods: append(persistentMethods(), []*serverfeatures.SupportedMethod{
			{ServiceName: serviceStreams, MethodName: "read", Features: []string{"position", "events"}},
			{ServiceName: serviceStreams, MethodName: "append"},
			{ServiceName: serviceStreams, MethodName: "batchappend", Features: []string{"deadline_duration"}},
			{ServiceName: serviceStreams, MethodName: "delete"},
			{ServiceName: serviceStreams, MethodName: "tombstone"},
			{ServiceName: serviceGossip, MethodName: "read"},
			{ServiceName: serviceFeatures, MethodName: "getsupportedmethods"},
		}...),
	}
	if f.users {
		for _, method := range users.Users_ServiceDesc.Methods {
			supported.Methods = append(supported.Methods, &serverfeatures.SupportedMethod{
				ServiceName: serviceUsers, MethodName: strings.ToLower(method.MethodName),
			})
		}
		supported.Methods = append(supported.Methods, &serverfeatures.SupportedMethod{ServiceName: serviceUsers, MethodName: "details"})
	}
	return supported, nil
}

func persistentMethods() []*serverfeatures.SupportedMethod {
	var methods []*serverfeatures.SupportedMethod
	for _, name := range []string{
		"create", "update", "delete", "read", "getinfo", "replayparked", "list", "restartsubsystem",
	} {
		methods = append(methods, &serverfeatures.SupportedMethod{
			ServiceName: servicePersistent, MethodName: name, Features: []string{"stream", "all"},
		})
	}
	return methods
}
