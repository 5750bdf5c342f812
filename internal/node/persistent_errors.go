package node

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"

	"am-user-management/internal/node/persistent"
)

// persistentStatus maps an error about a group to what EventStoreDB answers.
func persistentStatus(ctx context.Context, err error) error {
	var fault *persistent.Error
	if !errors.As(err, &fault) {
		return asStatus(ctx, err)
	}
	code, exception := codes.Internal, "persistent-subscription-failed"
	switch fault.Kind {
	case persistent.NotFound:
		code, exception = codes.NotFound, "persistent-subscription-does-not-exist"
	case persistent.Exists:
		code, exception = codes.AlreadyExists, "persistent-subscription-exists"
	case persistent.TooMany:
		code, exception = codes.FailedPrecondition, "maximum-subscribers-reached"
	case persistent.Dropped:
		code, exception = codes.Canceled, "persistent-subscription-dropped"
	case persistent.Refused:
	}
	trailers := []string{trailerException, exception, trailerStreamName, headerText(fault.Stream)}
	if fault.Group != "" {
		trailers = append(trailers, "group-name", headerText(fault.Group))
	}
	if fault.Reason != "" {
		trailers = append(trailers, "reason", headerText(fault.Reason))
	}
	return fail(ctx, code, err.Error(), trailers...)
}
