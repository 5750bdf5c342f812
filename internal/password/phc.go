package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrFormat: the string is neither an argon2id hash in PHC form nor one of bcrypt, or verifying it would cost more than any
// hash should.
var ErrFormat = errors.New("not a password hash that can be verified")

// What a hash may cost, whoever made it: a stored string must not be able to stop the service.
const (
	maxMemoryKiB   = 256 * 1024
	maxTime        = 16
	maxParallelism = 16
	minBytes       = 8
	maxHashBytes   = 64
	maxText        = 256
)

// check returns an error for parameters that argon2 cannot use or that cost too much.
func (p Params) check() error {
	if p.Time < 1 || p.Time > maxTime || p.Parallelism < 1 || p.Parallelism > maxParallelism ||
		p.MemoryKiB < 8*uint32(p.Parallelism) || p.MemoryKiB > maxMemoryKiB {
		return fmt.Errorf("argon2id with m=%d KiB, t=%d, p=%d is out of bounds", p.MemoryKiB, p.Time, p.Parallelism)
	}
	return nil
}

// phc is a hash with all that made it, but the password.
type phc struct {
	Params
	pepper     string // the id of the key, "" if there was none
	salt, hash []byte
}

var unpadded = base64.RawStdEncoding.Strict()

// String is $argon2id$v=19$m=…,t=…,p=…$salt$hash, with keyid=… after p where there was a pepper.
func (p phc) String() string {
	keyID := ""
	if p.pepper != "" {
		keyID = ",keyid=" + unpadded.EncodeToString([]byte(p.pepper))
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d%s$%s$%s", argon2.Version, p.MemoryKiB, p.Time, p.Parallelism, keyID,
		unpadded.EncodeToString(p.salt), unpadded.EncodeToString(p.hash))
}

// parse reads what String writes, and nothing that looks otherwise.
func parse(text string) (phc, error) {
	if len(text) > maxText {
		return phc{}, ErrFormat
	}
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, ErrFormat
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) < 3 || len(costs) > 4 {
		return phc{}, ErrFormat
	}
	var keyID []byte
	var errKey error
	if len(costs) == 4 {
		keyID, errKey = unpadded.DecodeString(strings.TrimPrefix(costs[3], "keyid="))
	}
	memory, okM := number(costs[0], "m=", 32)
	passes, okT := number(costs[1], "t=", 32)
	lanes, okP := number(costs[2], "p=", 8)
	salt, errSalt := unpadded.DecodeString(parts[4])
	hash, errHash := unpadded.DecodeString(parts[5])
	p := phc{Params: Params{MemoryKiB: uint32(memory), Time: uint32(passes), Parallelism: uint8(lanes)}, pepper: string(keyID), salt: salt, hash: hash}
	if !okM || !okT || !okP || errKey != nil || len(keyID) > MaxPepperID || errSalt != nil || errHash != nil || p.check() != nil ||
		len(salt) < minBytes || len(salt) > maxHashBytes || len(hash) < 2*minBytes || len(hash) > maxHashBytes ||
		p.String() != text {
		return phc{}, ErrFormat
	}
	return p, nil
}

func number(text, name string, bits int) (uint64, bool) {
	digits, ok := strings.CutPrefix(text, name)
	n, err := strconv.ParseUint(digits, 10, bits)
	return n, ok && err == nil
}
