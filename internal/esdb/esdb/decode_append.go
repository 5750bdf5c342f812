package esdb

import (
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/protobuf/proto"
)

// Tags of AppendResp and what is in it.
const (
	appendRespSuccess      = 1<<3 | ofBytes
	appendRespWrongVersion = 2<<3 | ofBytes

	successRevision = 1<<3 | ofVarint
	successNoStream = 2<<3 | ofBytes
	successPosition = 3<<3 | ofBytes

	positionCommit  = 1<<3 | ofVarint
	positionPrepare = 2<<3 | ofVarint
)

// appendAnswer is an AppendResp: a result, or a refusal if that is not nil.
type appendAnswer struct {
	result  WriteResult
	refusal *streams.AppendResp_WrongExpectedVersion
}

func (a *appendAnswer) decode(message []byte) error {
	answer := fields{rest: message}
	for answer.next() {
		switch answer.tag {
		case appendRespSuccess:
			if err := a.decodeSuccess(answer.bytes); err != nil {
				return err
			}
		case appendRespWrongVersion:
			a.refusal = new(streams.AppendResp_WrongExpectedVersion)
			if err := proto.Unmarshal(answer.bytes, a.refusal); err != nil {
				return err
			}
		}
	}
	return answer.err
}

func (a *appendAnswer) decodeSuccess(message []byte) error {
	success := fields{rest: message}
	for success.next() {
		switch success.tag {
		case successRevision:
			a.result.NextExpectedVersion = success.varint
		case successNoStream:
			a.result.NextExpectedVersion = 1 // as the official client has it
		case successPosition:
			position, err := decodePosition(success.bytes)
			if err != nil {
				return err
			}
			a.result.CommitPosition, a.result.PreparePosition = position.Commit, position.Prepare
		}
	}
	return success.err
}

// decodePosition reads any message with a commit and a prepare position.
func decodePosition(message []byte) (Position, error) {
	var position Position
	field := fields{rest: message}
	for field.next() {
		switch field.tag {
		case positionCommit:
			position.Commit = field.varint
		case positionPrepare:
			position.Prepare = field.varint
		}
	}
	return position, field.err
}
