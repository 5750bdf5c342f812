package esdb

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
