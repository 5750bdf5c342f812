package codec

import "am-user-management/internal/eventstore"

// scan reads the metadata without the JSON package and reports whether it understood all of it. If it did not, the
// metadata is of no use.
func (m *storedMetadata) scan(text []byte) bool {
	s := scanner{text: text}
	members := s.object()
	var seen uint
	for name, more := members.next(); more; name, more = members.next() {
		var member uint
		var ok bool
		switch string(name) {
		case "$correlationId":
			member, ok = 1<<0, s.id((*[16]byte)(&m.CorrelationID))
		case "$causationId":
			member, ok = 1<<1, s.id((*[16]byte)(&m.CausationID))
		case "commandId":
			member, ok = 1<<2, s.id((*[16]byte)(&m.CommandID))
		case "fingerprint":
			member, ok = 1<<3, s.setString(&m.Fingerprint)
		case "actor":
			member, ok = 1<<4, m.scanActor(&s)
		case "reason":
			member, ok = 1<<5, s.setString(&m.Reason)
		case "schemaVersion":
			var n int64
			n, ok = s.integer()
			member, m.SchemaVersion = 1<<6, int(n)
			ok = ok && int64(m.SchemaVersion) == n
		case "keys":
			member, ok = 1<<7, m.scanKeys(&s)
		case "tenant":
			member, ok = 1<<8, s.setString(&m.Tenant)
		case "traceparent":
			member, ok = 1<<9, s.setString(&m.Traceparent)
		case "client":
			member, ok = 1<<10, m.scanClient(&s)
		}
		if !ok || seen&member != 0 {
			return false
		}
		seen |= member
	}
	return members.ok && s.at == len(text)
}

func (m *storedMetadata) scanActor(s *scanner) bool {
	members := s.object()
	var seen uint
	for name, more := members.next(); more; name, more = members.next() {
		var member uint
		var ok bool
		switch string(name) {
		case "id":
			member, ok = 1<<0, s.setString(&m.Actor.ID)
		case "kind":
			member, ok = 1<<1, s.setString((*string)(&m.Actor.Kind))
		case "onBehalfOf":
			member, ok = 1<<2, s.setString(&m.Actor.OnBehalfOf)
		}
		if !ok || seen&member != 0 {
			return false
		}
		seen |= member
	}
	return members.ok
}

func (m *storedMetadata) scanKeys(s *scanner) bool {
	members := s.object()
	var seen uint
	for name, more := members.next(); more; name, more = members.next() {
		var member uint
		var ok bool
		switch string(name) {
		case "personal":
			member, ok = 1<<0, s.id((*[16]byte)(&m.Keys.Personal))
		case "credential":
			member, ok = 1<<1, s.id((*[16]byte)(&m.Keys.Credential))
		case "client":
			member, ok = 1<<2, s.id((*[16]byte)(&m.Keys.Client))
		}
		if !ok || seen&member != 0 {
			return false
		}
		seen |= member
	}
	return members.ok
}

func (m *storedMetadata) scanClient(s *scanner) bool {
	members := s.object()
	var seen uint
	for name, more := members.next(); more; name, more = members.next() {
		var member uint
		var ok bool
		switch string(name) {
		case "ip":
			member, ok = 1<<0, s.setString(&m.Client.IP)
		case "userAgent":
			member, ok = 1<<1, s.setString(&m.Client.UserAgent)
		}
		if !ok || seen&member != 0 {
			return false
		}
		seen |= member
	}
	return members.ok
}

func (s *scanner) setString(target *string) bool {
	text, ok := s.str()
	*target = shared(text)
	return ok
}

// shared is the string of a text; the commonest ones take no memory of their own.
func shared(text []byte) string {
	switch string(text) {
	case eventstore.DefaultTenant:
		return eventstore.DefaultTenant
	case string(eventstore.User):
		return string(eventstore.User)
	case string(eventstore.Saga):
		return string(eventstore.Saga)
	case string(eventstore.Service):
		return string(eventstore.Service)
	case string(eventstore.Anonymous):
		return string(eventstore.Anonymous)
	}
	return string(text)
}
