package node

import "am-user-management/internal/node/store"

// sendResolved sends a link together with the event it points to, or alone if that cannot be read. A link whose data
// points nowhere is sent as an ordinary event.
func (r *reader) sendResolved(link *store.Record) error {
	stream, revision, ok := link.LinkTarget()
	if !ok {
		return r.call.SendMsg(encodeEvent(link, nil, r.textIDs))
	}
	target, err := r.store.Event(r.ctx, stream, revision)
	if err != nil {
		return err
	}
	return r.call.SendMsg(encodeEvent(target, link, r.textIDs))
}
