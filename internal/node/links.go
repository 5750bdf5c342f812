package node

import (
	"strconv"
	"strings"

	"am-user-management/internal/node/store"
)

// linkType is the type of an event that points to another one.
const linkType = "$>"

// sendResolved sends a link together with the event it points to, or alone if that cannot be read. A link whose data
// points nowhere is sent as an ordinary event.
func (r *reader) sendResolved(link *store.Record) error {
	stream, revision, ok := parseLink(string(link.Data))
	if !ok {
		return r.call.SendMsg(encodeEvent(link, nil, r.textIDs))
	}
	target, err := r.store.Event(r.ctx, stream, revision)
	if err != nil {
		return err
	}
	return r.call.SendMsg(encodeEvent(target, link, r.textIDs))
}

// parseLink reads "<revision>@<stream>".
func parseLink(text string) (stream string, revision int64, ok bool) {
	number, stream, found := strings.Cut(text, "@")
	if !found || stream == "" {
		return "", 0, false
	}
	revision, err := strconv.ParseInt(number, 10, 64)
	return stream, revision, err == nil && revision >= 0
}
