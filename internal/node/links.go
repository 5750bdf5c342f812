package node

import (
	"errors"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// sendResolved sends a link together with the event it points to, or alone if that cannot be read. A link whose data begins with
// no number is sent as an ordinary event, but to a subscriber who follows it is a link to what cannot be read, as in EventStoreDB.
func (r *reader) sendResolved(link *store.Record) error {
	stream, revision, ok := link.LinkTarget()
	switch {
	case !ok && r.following:
		return r.call.SendMsg(encodeEvent(nil, link, r.textIDs))
	case !ok:
		return r.call.SendMsg(encodeEvent(link, nil, r.textIDs))
	}
	target, err := r.linked(stream, revision)
	if err != nil {
		return err
	}
	return r.call.SendMsg(encodeEvent(target, link, r.textIDs))
}

// linked returns the event that a link points to, nil if the caller can or may not read it: whoever may write a link could
// read everything by it otherwise.
func (r *reader) linked(stream string, revision int64) (*store.Record, error) {
	switch err := r.guard.Check(r.ctx, access.Read, stream); {
	case errors.Is(err, access.ErrDenied):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return r.store.Event(r.ctx, stream, revision)
}
