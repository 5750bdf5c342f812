package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"
)

// historyLength is how many events a command of the bare side loads.
const historyLength = 5

func connsText(n int) string { return fmt.Sprintf("%d conns", n) }

// measureG2 compares a change, durable when it is answered, with the least that loads, appends and answers.
func measureG2(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.userd(ctx)
	if err != nil {
		return nil, err
	}
	bare, err := b.start(ctx, "echo-command", settings{Users: b.users})
	if err != nil {
		return nil, err
	}
	var changes atomic.Uint64
	ours := requester(s.address, func(_ int, to []byte) []byte {
		body := newBio(changes.Add(1))
		return append(head(to, http.MethodPatch, "/profile", len(body),
			"Authorization", "Bearer "+s.users[rand.IntN(len(s.users))].session), body...)
	})
	their := requester(bare.address, func(_ int, to []byte) []byte {
		body := newBio(changes.Add(1))
		return append(head(to, http.MethodPost, "/users/"+strconv.Itoa(rand.IntN(b.users)), len(body)), body...)
	})
	our, bareSide := side{s.pid(), ours}, side{bare.pid(), their}
	c, err := b.alternate(ctx, our, bareSide, load{Callers: b.conns, For: b.seconds})
	if err != nil {
		return nil, err
	}
	many := ratio("G2", connsText(b.conns), c, 0.60, 1.0)
	many.note = fmt.Sprintf("streams grew by %.1f events on average", float64(c.ours.total(func(one sample) uint64 { return one.Ops }))/float64(b.users))
	one, err := b.alternate(ctx, our, bareSide, load{Callers: 1, For: b.seconds})
	if err != nil {
		return []row{many}, err
	}
	single := latencyRatio("G2", connsText(1), one, sample.p50, 2, 2)
	single.note = "p50"
	return []row{many, single}, nil
}

// newBio is a body that changes a profile.
func newBio(n uint64) []byte {
	return fmt.Appendf(nil, `{"bio":"The %d. edition of a bio of some length, as people write them when they are asked to."}`, n)
}

// openEchoCommand answers a POST with what a command costs at least: read a stream of 5 events over gRPC, decode them
// with encoding/json, append one event over gRPC, wait for the disk.
func openEchoCommand(_ context.Context, s settings) (*subject, error) {
	db, err := openPebble(s.Dir)
	if err != nil {
		return nil, err
	}
	store := &bareStore{db: db}
	history := make([][]byte, historyLength)
	for i := range s.Users {
		for k := range history {
			if history[k], err = bareEvent(person(i)); err != nil {
				return nil, errors.Join(err, db.Close())
			}
		}
		if err := store.preload(strconv.Itoa(i), history); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	conn, stop, err := store.serve("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	e := echo.New()
	e.POST("/users/:id", func(c echo.Context) error { return bareCommand(c, conn) })
	served, err := serveHTTP(e)
	if err != nil {
		return nil, errors.Join(err, stop(), db.Close())
	}
	end := served.close
	served.close = func() error { return errors.Join(end(), stop(), db.Close()) }
	return served, nil
}

func bareCommand(c echo.Context, conn *grpc.ClientConn) error {
	var body struct {
		Bio string `json:"bio"`
	}
	if err := json.NewDecoder(c.Request().Body).Decode(&body); err != nil {
		return echo.ErrBadRequest
	}
	ctx, stream := c.Request().Context(), c.Param("id")
	var state bareRow
	err := readAll(ctx, conn, "Read", stream, func(data []byte) (bool, error) { return false, json.Unmarshal(data, &state) })
	if err != nil {
		return err
	}
	if state.ID == uuid.Nil {
		return echo.ErrNotFound
	}
	state.Bio = body.Bio
	event, err := json.Marshal(&state)
	if err != nil {
		return err
	}
	if _, err := appendTo(ctx, conn, stream, event); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, &state)
}
