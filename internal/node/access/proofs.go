package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

const (
	// proofEntries bounds the credentials that are remembered as right.
	proofEntries = 4 << 10
	proofBytes   = sha256.Size
)

// proofs remembers which passwords were right, because every call carries one and a hash costs more than all the rest of
// a call. It keeps no password: a proof is a keyed hash of user, password and the event that says who the user is, so a
// proof is worth nothing from that user's next event on.
type proofs struct {
	key   []byte
	right *lru.Cache[proof, struct{}]
	// running lets those who come with the same password at the same time wait for one hash.
	running singleflight.Group
}

type proof [proofBytes]byte

func newProofs() (*proofs, error) {
	key := make([]byte, proofBytes)
	rand.Read(key)
	right, err := lru.New[proof, struct{}](proofEntries)
	return &proofs{key: key, right: right}, err
}

func (p *proofs) of(a *account, plain string) proof {
	mac := hmac.New(sha256.New, p.key)
	var position [8]byte
	binary.BigEndian.PutUint64(position[:], a.position)
	mac.Write(position[:])
	mac.Write([]byte(plain))
	return proof(mac.Sum(nil))
}
