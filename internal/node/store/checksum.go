package store

import (
	"encoding/binary"
	"hash/crc32"
)

// checksumLen is what a checksum adds to a stored value.
const checksumLen = 4

// checksum covers a value together with its place: a value that was moved is as wrong as one that was changed. Pebble
// has checksums of its own for what it writes; these ones also cover the way from there to the reader.
func checksum(place, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Update(0, table, place), table, value)
}

// seal appends the checksum of a value at a place to b.
func seal(b, place, value []byte) []byte {
	return binary.BigEndian.AppendUint32(b, checksum(place, value))
}

// unseal returns a stored value without its checksum, and whether it is as it was written.
func unseal(place, stored []byte) (value []byte, whole bool) {
	if len(stored) < checksumLen {
		return nil, false
	}
	end := len(stored) - checksumLen
	value = stored[:end:end]
	return value, binary.BigEndian.Uint32(stored[end:]) == checksum(place, value)
}
