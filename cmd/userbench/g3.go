package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"runtime"

	"golang.org/x/crypto/argon2"
)

// loginConns are how many log in at once.
const fewLogins, manyLogins = 16, 64

// measureG3 compares logins with the hashing in them.
func measureG3(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.userd(ctx)
	if err != nil {
		return nil, err
	}
	bare, err := b.start(ctx, "argon2id", settings{})
	if err != nil {
		return nil, err
	}
	login := requester(s.address, func(_ int, to []byte) []byte {
		body, err := json.Marshal(map[string]string{"email": s.users[mathrand.IntN(len(s.users))].email, "password": thePassword})
		if err != nil {
			return nil // not reachable: two texts
		}
		return append(head(to, http.MethodPost, "/login", len(body)), body...)
	})
	var rows []row
	for _, conns := range []int{fewLogins, manyLogins} {
		c, err := b.alternate(ctx, side{s.pid(), login}, side{bare.pid(), bare.work}, load{Callers: conns, For: b.seconds})
		if err != nil {
			return rows, err
		}
		r := ratio("G3", connsText(conns), c, 0.90, 0.95)
		if mib, err := peakMemory(s.pid()); err == nil {
			r.note = fmt.Sprintf("peak memory of userd %d MiB (<= 250)", mib)
		}
		if refused := c.ours.total(func(one sample) uint64 { return one.Refused }); refused > 0 {
			r.note += fmt.Sprintf("; %d answered 503", refused)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// openArgon2id hashes, no more at once than there are processors.
func openArgon2id(context.Context, settings) (*subject, error) {
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	cost := argon2idCost()
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	return &subject{close: func() error { return nil }, work: func(ctx context.Context, l load) (sample, error) {
		return drive(ctx, l, timed(func(context.Context, int) error {
			slots <- struct{}{}
			defer func() { <-slots }()
			argon2.IDKey([]byte(thePassword), salt, cost.Time, cost.MemoryKiB, cost.Parallelism, 32)
			return nil
		}))
	}}, nil
}
