package esdb

// Tags of the persistent subscriptions' ReadResp and of its ReadEvent, which is
// that of Streams with one field more.
const (
	persistentEvent        = 1<<3 | ofBytes
	persistentConfirmation = 2<<3 | ofBytes

	persistentRetryCount = 5<<3 | ofVarint
)

// persistentAnswer is a ReadResp of persistent subscriptions: events and
// confirmations are where they are in that of Streams.
type persistentAnswer struct {
	readAnswer
	retries int
}

func (a *persistentAnswer) decode(message []byte) error {
	a.retries = 0
	if err := a.readAnswer.decode(message); err != nil {
		return err
	}
	answer := fields{rest: message}
	for answer.next() {
		if answer.tag != persistentEvent {
			continue
		}
		event := fields{rest: answer.bytes}
		for event.next() {
			if event.tag == persistentRetryCount {
				a.retries = int(int32(event.varint))
			}
		}
	}
	return nil
}
