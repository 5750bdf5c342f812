package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/codec"
	"am-user-management/internal/keyring"
	"am-user-management/readmodel"
)

// connections is the size of a pool, the service's own.
const connections = 16

func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns = connections, connections
	return pgxpool.NewWithConfig(ctx, config)
}

// migrated is openPool on a database with all of our tables.
func migrated(ctx context.Context, url string) (*pgxpool.Pool, error) {
	pool, err := openPool(ctx, url)
	if err != nil {
		return nil, err
	}
	err = readmodel.Migrate(ctx, pool)
	if err == nil {
		err = keyring.Migrate(ctx, pool)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// newCodec is the service's codec with a key ring in the pool's database whose cache is empty.
func newCodec(ctx context.Context, pool *pgxpool.Pool, kek []byte) (*codec.Codec, error) {
	ring, err := keyring.Open(ctx, pool, kek, time.Now)
	if err != nil {
		return nil, err
	}
	return codec.New(ring, codec.All()...)
}

// benchKEK wraps keys that nobody needs.
func benchKEK() []byte { return []byte("a key that protects nothing: 32b") }
