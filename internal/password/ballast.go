package password

import (
	"math"
	"runtime/debug"
)

const (
	// ballastHashes is how many hashes' worth of memory the ballast counts for.
	ballastHashes = 4
	// ballastShare is the most of the memory limit, if one is set, that goes to the ballast: one part in so many.
	ballastShare = 8
)

// newBallast is memory that nobody touches, so that it takes none, but that the garbage collector counts as in use. Each
// hash leaves its memory behind as garbage; with as small a heap as ours the collector would run after every second or
// third one and take an eighth of the time of hashing. With the ballast it runs half as often.
func newBallast(hashKiB uint32) []byte {
	size := ballastHashes * int64(hashKiB) << 10
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 { // the runtime counts the ballast towards its limit
		size = min(size, limit/ballastShare)
	}
	return make([]byte, size)
}
