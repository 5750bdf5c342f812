package node

import (
	"encoding/binary"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

// eventID reads an id in either of its two forms. An id left out is all zero, which the store refuses.
func eventID(id *shared.UUID) (store.ID, error) {
	switch value := id.GetValue().(type) {
	case *shared.UUID_Structured_:
		var out store.ID
		binary.BigEndian.PutUint64(out[:8], uint64(value.Structured.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(out[8:], uint64(value.Structured.GetLeastSignificantBits()))
		return out, nil
	case *shared.UUID_String_:
		parsed, err := uuid.Parse(value.String_)
		if err != nil {
			return store.ID{}, invalid("event id is no UUID")
		}
		return store.ID(parsed), nil
	}
	return store.ID{}, nil
}

func structuredID(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  int64(binary.BigEndian.Uint64(id[:8])),
		LeastSignificantBits: int64(binary.BigEndian.Uint64(id[8:])),
	}}}
}
