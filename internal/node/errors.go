package node

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
	"am-user-management/internal/password"
)

// Trailers by which clients tell errors apart.
const (
	trailerException  = "exception"
	trailerStreamName = "stream-name"
	trailerLoginName  = "login-name"

	exceptionAccessDenied  = "access-denied"
	exceptionStreamDeleted = "stream-deleted"
	exceptionWrongVersion  = "wrong-expected-version"
	exceptionTooLarge      = "maximum-append-size-exceeded"
	exceptionMissing       = "missing-required-metadata-property"
	exceptionUserNotFound  = "user-not-found"
	exceptionUserConflict  = "user-conflict"
)

func invalid(text string) error { return status.Error(codes.InvalidArgument, text) }

// fail ends a call with a status and the trailers given as pairs of key and value.
func fail(ctx context.Context, code codes.Code, text string, trailers ...string) error {
	if err := grpc.SetTrailer(ctx, metadata.Pairs(trailers...)); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return status.Error(code, text)
}

// asStatus maps an error of the store to what EventStoreDB answers.
func asStatus(ctx context.Context, err error) error {
	var (
		deleted  *store.StreamDeletedError
		wrong    *store.WrongRevisionError
		tooLarge *store.TooLargeError
		refused  *store.InvalidError
		corrupt  *store.CorruptError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &deleted):
		return streamDeleted(ctx, deleted.Stream)
	case errors.As(err, &wrong):
		return fail(ctx, codes.FailedPrecondition, err.Error(),
			trailerException, exceptionWrongVersion, trailerStreamName, headerText(wrong.Stream),
			"expected-version", strconv.FormatInt(int64(wrong.Expected), 10),
			"actual-version", strconv.FormatInt(wrong.Current, 10))
	case errors.As(err, &tooLarge):
		return fail(ctx, codes.InvalidArgument, err.Error(),
			trailerException, exceptionTooLarge, "maximum-append-size", strconv.Itoa(tooLarge.Limit))
	case errors.Is(err, access.ErrDenied):
		return fail(ctx, codes.PermissionDenied, "Access Denied", trailerException, exceptionAccessDenied)
	case errors.Is(err, password.ErrBusy):
		return status.Error(codes.Unavailable, "too many passwords are being checked right now; try again shortly")
	case errors.As(err, &refused):
		return invalid(err.Error())
	case errors.Is(err, store.ErrClosed):
		return status.Error(codes.Unavailable, "server is shutting down")
	case errors.Is(err, store.ErrFailed):
		return status.Error(codes.Unavailable, "server has stopped, a write could not be made durable: "+err.Error())
	case errors.As(err, &corrupt):
		return status.Error(codes.DataLoss, err.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	return status.Error(codes.Internal, err.Error())
}

// asUserStatus is asStatus for what is done to the user of that name.
func asUserStatus(ctx context.Context, err error, name string) error {
	switch {
	case errors.Is(err, access.ErrNoUser):
		return fail(ctx, codes.NotFound, "User '"+name+"' is not found.",
			trailerException, exceptionUserNotFound, trailerLoginName, headerText(name))
	case errors.Is(err, access.ErrUserConflict):
		return fail(ctx, codes.FailedPrecondition, "Conflict: user '"+name+"' already exists or has changed.",
			trailerException, exceptionUserConflict, trailerLoginName, headerText(name))
	case errors.Is(err, access.ErrLastAdmin):
		return status.Error(codes.FailedPrecondition, "user '"+name+"' is the last administrator who may come in; make another first")
	}
	return asStatus(ctx, err)
}

func streamDeleted(ctx context.Context, stream string) error {
	return fail(ctx, codes.FailedPrecondition, "Event stream '"+stream+"' is deleted.",
		trailerException, exceptionStreamDeleted, trailerStreamName, headerText(stream))
}

func missingMetadata(ctx context.Context, property string) error {
	return fail(ctx, codes.InvalidArgument, "Required Metadata Property '"+property+"' is missing",
		trailerException, exceptionMissing, "required-metadata-properties", metadataType+","+metadataContentType)
}

// headerText makes text fit for a trailer, which takes printable ASCII only.
func headerText(text string) string {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return url.PathEscape(text)
		}
	}
	return text
}
