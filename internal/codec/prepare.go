package codec

import (
	"context"
	"errors"

	"am-user-management/internal/eventstore"
)

var errNothing = errors.New("there is nothing to append")

// Prepare encodes the drafts for an append after the expected revision, and decodes them again: what the store gets,
// and what its reader would see. Decoding first means that nothing is stored which cannot be read, and that nothing
// is left to fail once it is stored. The envelopes lack the position and the time, which only the store knows.
//
// It returns what Encode and Decode return, and an error if there are no drafts.
func (c *Codec) Prepare(ctx context.Context, stream string, expected eventstore.Expected, drafts []eventstore.Draft,
) ([]eventstore.Recorded, []eventstore.Envelope, error) {
	if len(drafts) == 0 {
		return nil, nil, errNothing
	}
	records, err := c.Encode(ctx, stream, drafts)
	if err != nil {
		return nil, nil, err
	}
	for i := range records {
		records[i].Revision = uint64(int64(expected)+1) + uint64(i)
	}
	envelopes, err := c.Decode(ctx, records)
	return records, envelopes, err
}
