package esdb

import "runtime"

// AwaitQueued returns when a call waits for a search that another one began.
func AwaitQueued(client *Client) {
	queued := func() bool {
		client.connector.mu.Lock()
		defer client.connector.mu.Unlock()
		return client.connector.search != nil && client.connector.search.queued > 0
	}
	for !queued() {
		runtime.Gosched()
	}
}

// DecodeRead reads one encoded ReadResp.
func DecodeRead(message []byte) (*ResolvedEvent, error) {
	var answer readAnswer
	_ = answer.decode(message)
	return answer.event, answer.err
}

// DecodeAppend reads one encoded AppendResp.
func DecodeAppend(message []byte) (WriteResult, error) {
	var answer appendAnswer
	err := answer.decode(message)
	return answer.result, err
}
