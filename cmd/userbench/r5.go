package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"time"
)

const (
	// uniformPairs are measured; those before them only warm up.
	uniformPairs, warmPairs = 200, 20
	// evenly is how far from a coin toss the guess may be, in half the range of an AUC.
	evenly, moreEvenly = 0.10, 0.05
)

// measureR5 asks about known and unknown addresses by turns, one request at a time, and tells how well the times tell
// them apart: the rank AUC, 0.5 for a coin toss. Every pair has an account and a source of its own, so that no limit
// on tries is met.
func measureR5(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.userd(ctx)
	if err != nil {
		return nil, err
	}
	if len(s.users) < warmPairs+uniformPairs {
		return nil, fmt.Errorf("it takes %d users", warmPairs+uniformPairs)
	}
	var rows []row
	for _, asked := range []struct {
		path   string
		status int
	}{
		{"/login", http.StatusUnauthorized},
		{"/reset-password", http.StatusAccepted},
	} {
		var known, unknown []time.Duration
		for i := range warmPairs + uniformPairs {
			addresses := []string{s.users[i].email, "nobody-" + s.users[i].email}
			times := make([]time.Duration, len(addresses))
			for _, which := range mathrand.Perm(len(addresses)) {
				if times[which], err = askOnce(ctx, s.address, asked.path, addresses[which], asked.status); err != nil {
					return rows, err
				}
			}
			if i >= warmPairs {
				known, unknown = append(known, times[0]), append(unknown, times[1])
			}
		}
		area := rankAUC(known, unknown)
		rows = append(rows, row{
			goal: "R5", load: asked.path, compared: compared{series{sampleOf(known)}, series{sampleOf(unknown)}},
			bound: bound{must: evenly, aim: moreEvenly, atMost: true}, figure: math.Abs(area - 0.5),
			note: fmt.Sprintf("known (ours) and unknown (bare) addresses, %d pairs: AUC %.3f; the ratio is its distance from 0.5", uniformPairs, area),
		})
	}
	return rows, nil
}

// askOnce sends one request over a connection of its own, from an address of this machine that nobody used before, and
// returns how long the answer took.
func askOnce(ctx context.Context, address, path, email string, want int) (time.Duration, error) {
	from := net.IPv4(127, byte(1+mathrand.IntN(254)), byte(mathrand.IntN(256)), byte(1+mathrand.IntN(254)))
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	c, err := dialBy(ctx, &dialer, address)
	if err != nil {
		return 0, err
	}
	defer c.conn.Close() //nolint:errcheck // it was only read
	body, err := json.Marshal(map[string]string{"email": email, "password": "not " + thePassword})
	if path != "/login" {
		body, err = json.Marshal(map[string]string{"email": email})
	}
	if err != nil {
		return 0, err
	}
	began := time.Now()
	status, text, err := c.request(func(to []byte) []byte { return append(head(to, http.MethodPost, path, len(body)), body...) })
	took := time.Since(began)
	if err == nil && status != want {
		err = fmt.Errorf("POST %s: status %d: %s", path, status, text)
	}
	return took, err
}

// rankAUC is the chance that one of the first is more than one of the second; what is equal counts half.
func rankAUC(first, second []time.Duration) float64 {
	more := 0.0
	for _, a := range first {
		for _, b := range second {
			switch {
			case a > b:
				more++
			case a == b:
				more += 0.5
			}
		}
	}
	return more / float64(len(first)*len(second))
}

func sampleOf(times []time.Duration) sample {
	var all latencies
	s := sample{Ops: uint64(len(times))}
	for _, took := range times {
		all.add(took)
		s.Elapsed += took
	}
	s.P50, s.P99 = all.quantile(0.50), all.quantile(0.99)
	return s
}
