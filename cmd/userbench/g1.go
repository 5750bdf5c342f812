package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
)

// measureG1 compares the read that clients do most with the same read without anything around it.
func measureG1(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.userd(ctx)
	if err != nil {
		return nil, err
	}
	database, err := b.postgres(ctx, "bare")
	if err != nil {
		return nil, err
	}
	bare, err := b.start(ctx, "echo-read", settings{Postgres: database, Users: b.users})
	if err != nil {
		return nil, err
	}
	ours := requester(s.address, func(_ int, to []byte) []byte {
		return head(to, http.MethodGet, "/profile", 0, "Authorization", "Bearer "+s.users[rand.IntN(len(s.users))].session)
	})
	their := requester(bare.address, func(_ int, to []byte) []byte {
		return head(to, http.MethodGet, "/users/"+person(rand.IntN(b.users)).String(), 0)
	})
	c, err := b.alternate(ctx, side{s.pid(), ours}, side{bare.pid(), their}, load{Callers: b.conns, For: b.seconds})
	if err != nil {
		return nil, err
	}
	return []row{ratio("G1", connsText(b.conns), c, 0.70, 0.90)}, nil
}

// openEchoRead serves users by id: one SELECT by primary key, one JSON answer.
func openEchoRead(ctx context.Context, s settings) (*subject, error) {
	pool, err := openPool(ctx, s.Postgres)
	if err != nil {
		return nil, err
	}
	if err := fillBareTable(ctx, pool, s.Users); err != nil {
		pool.Close()
		return nil, err
	}
	e := echo.New()
	e.GET("/users/:id", func(c echo.Context) error {
		id, err := uuid.Parse(c.Param("id"))
		if err != nil {
			return echo.ErrBadRequest
		}
		var u bareRow
		err = pool.QueryRow(c.Request().Context(), `
			SELECT id, email, first_name, last_name, timezone, locale, bio, updated_at FROM bare_users WHERE id = $1`, [16]byte(id)).
			Scan((*[16]byte)(&u.ID), &u.Email, &u.FirstName, &u.LastName, &u.Timezone, &u.Locale, &u.Bio, &u.UpdatedAt)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, &u)
	})
	served, err := serveHTTP(e)
	if err != nil {
		pool.Close()
		return nil, err
	}
	end := served.close
	served.close = func() error { pool.Close(); return end() }
	return served, nil
}

// fillBareTable makes the first n people rows.
func fillBareTable(ctx context.Context, pool *pgxpool.Pool, n int) error {
	for _, statement := range []string{bareTable, `TRUNCATE bare_users`} {
		if _, err := pool.Exec(ctx, statement); err != nil {
			return err
		}
	}
	columns := []string{"id", "email", "first_name", "last_name", "timezone", "locale", "bio", "updated_at"}
	_, err := pool.CopyFrom(ctx, pgx.Identifier{"bare_users"}, columns, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		u := bareUser(person(i))
		return []any{[16]byte(u.ID), u.Email, u.FirstName, u.LastName, u.Timezone, u.Locale, u.Bio, u.UpdatedAt}, nil
	}))
	if err == nil {
		_, err = pool.Exec(ctx, `VACUUM ANALYZE bare_users`)
	}
	return err
}

// serveHTTP is a subject that is called over HTTP.
func serveHTTP(handler http.Handler) (*subject, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not block
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return &subject{address: listener.Addr().String(), close: func() error {
		err := server.Close()
		if end := <-served; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		return err
	}}, nil
}
