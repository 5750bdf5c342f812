package esdb

// Tags of ReadResp and what is in it.
const (
	readRespEvent        = 1<<3 | ofBytes
	readRespConfirmation = 2<<3 | ofBytes
	readRespCheckpoint   = 3<<3 | ofBytes
	readRespNotFound     = 4<<3 | ofBytes
	readRespCaughtUp     = 8<<3 | ofBytes
	readRespFellBehind   = 9<<3 | ofBytes

	confirmationID = 1<<3 | ofBytes

	readEventEvent  = 1<<3 | ofBytes
	readEventLink   = 2<<3 | ofBytes
	readEventCommit = 3<<3 | ofVarint
)

// readAnswer is a ReadResp. A read has one, for all its messages in turn.
type readAnswer struct {
	kind         uint64 // the tag of what is set; 0 or another: nothing known
	event        *ResolvedEvent
	checkpoint   Position
	subscription string
	// err is set if the message makes no sense. It stands here because gRPC would
	// bury it.
	err error
	// names are texts that are likely to come again.
	names texts
}

func (a *readAnswer) decode(message []byte) error {
	a.kind, a.event = 0, nil
	a.err = a.decodeContent(message)
	return nil
}

func (a *readAnswer) decodeContent(message []byte) error {
	answer := fields{rest: message}
	for answer.next() {
		a.kind = answer.tag
		var err error
		switch answer.tag {
		case readRespEvent:
			a.event, err = a.decodeEvent(answer.bytes)
		case readRespConfirmation:
			a.subscription, err = decodeConfirmation(answer.bytes)
		case readRespCheckpoint:
			a.checkpoint, err = decodePosition(answer.bytes)
		}
		if err != nil {
			return err
		}
	}
	return answer.err
}

func decodeConfirmation(message []byte) (string, error) {
	var id string
	field := fields{rest: message}
	for field.next() {
		if field.tag == confirmationID {
			id = string(field.bytes)
		}
	}
	return id, field.err
}

func (a *readAnswer) decodeEvent(message []byte) (*ResolvedEvent, error) {
	resolved := new(ResolvedEvent)
	field := fields{rest: message}
	for field.next() {
		var err error
		switch field.tag {
		case readEventEvent:
			resolved.Event, err = a.decodeRecorded(field.bytes)
		case readEventLink:
			resolved.Link, err = a.decodeRecorded(field.bytes)
		case readEventCommit:
			commit := field.varint
			resolved.Commit = &commit
		}
		if err != nil {
			return nil, err
		}
	}
	if field.err == nil && resolved.OriginalEvent() == nil {
		return nil, failure(ErrorCodeParsing, "the server sent neither event nor link")
	}
	return resolved, field.err
}
