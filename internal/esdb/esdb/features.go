package esdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ServerVersion is the version of a server: 0.0.0 if it does not tell.
type ServerVersion struct {
	Major int
	Minor int
	Patch int
}

// features is what a server announced.
type features struct {
	version ServerVersion
	// methods has service/method in lower case, each with its options.
	methods map[string][]string
}

// askFeatures asks a node what it can do. A node that does not know the
// question has no features.
func askFeatures(ctx context.Context, conn grpc.ClientConnInterface) (features, error) {
	answer, err := serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(ctx, &shared.Empty{})
	switch status.Code(err) {
	case codes.OK:
	case codes.Unimplemented, codes.NotFound:
		return features{}, nil
	default:
		return features{}, err
	}
	version, err := parseVersion(answer.GetEventStoreServerVersion())
	if err != nil {
		return features{}, err
	}
	methods := make(map[string][]string, len(answer.GetMethods()))
	for _, method := range answer.GetMethods() {
		methods[method.GetServiceName()+"/"+method.GetMethodName()] = method.GetFeatures()
	}
	return features{version: version, methods: methods}, nil
}

// parseVersion reads up to three numbers with dots between them.
func parseVersion(text string) (ServerVersion, error) {
	var numbers [3]int
	for i, part := range strings.Split(text, ".") {
		if i == len(numbers) {
			break
		}
		number, err := strconv.Atoi(part)
		if err != nil {
			return ServerVersion{}, fmt.Errorf("server version %q: %w", text, err)
		}
		numbers[i] = number
	}
	return ServerVersion{Major: numbers[0], Minor: numbers[1], Patch: numbers[2]}, nil
}
