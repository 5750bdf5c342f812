package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
)

const (
	metastreamPrefix  = "$$"
	metadataEventType = "$metadata"
)

// SetStreamMetadata replaces a stream's metadata. The expected revision is that
// of the metadata, not of the stream. Errors are those of AppendToStream, and a
// plain one for metadata that ToJson refuses.
func (c *Client) SetStreamMetadata(
	ctx context.Context, streamID string, opts AppendToStreamOptions, metadata StreamMetadata,
) (*WriteResult, error) {
	document, err := metadata.ToJson()
	if err != nil {
		return nil, fmt.Errorf("stream metadata: %w", err)
	}
	return c.AppendToStream(ctx, metastreamPrefix+streamID, opts, EventData{
		EventID:     uuid.New(),
		EventType:   metadataEventType,
		ContentType: ContentTypeJson,
		Data:        document,
	})
}

// GetStreamMetadata reads a stream's metadata; leave direction and start at
// their defaults. Errors of reading are wrapped: use errors.As. A stream that
// never had metadata gives ResourceNotFound, a document that is no JSON gives
// Parsing.
func (c *Client) GetStreamMetadata(ctx context.Context, streamID string, opts ReadStreamOptions) (*StreamMetadata, error) {
	read, err := c.ReadStream(ctx, metastreamPrefix+streamID, opts, 1)
	if err != nil {
		return nil, fmt.Errorf("could not read stream metadata: %w", err)
	}
	defer read.Close()
	event, err := read.Recv()
	if errors.Is(err, io.EOF) {
		return new(StreamMetadata), nil
	}
	if err != nil {
		return nil, fmt.Errorf("could not read stream metadata: %w", err)
	}
	metadata, err := StreamMetadataFromJson(event.OriginalEvent().Data)
	if err != nil {
		return nil, &Error{code: ErrorCodeParsing, err: err}
	}
	return metadata, nil
}
