package esdb

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"google.golang.org/grpc/metadata"
)

// defaultDeadline bounds calls that do not stream.
const defaultDeadline = 10 * time.Second

// Client talks to a server. Many goroutines may use it at once. No call is
// ever repeated by the client itself.
type Client struct {
	config        *Configuration
	connector     *connector
	authorization string
}

// NewClient checks the configuration and connects to nothing: the first call
// does. The error is plain.
func NewClient(configuration *Configuration) (*Client, error) {
	if err := configuration.Validate(); err != nil {
		return nil, fmt.Errorf("invalid configuration: %w", err)
	}
	config := *configuration // later changes by the caller must not race with us
	client := &Client{config: &config, connector: newConnector(&config)}
	if config.Username != "" {
		client.authorization = basic(config.Username, config.Password)
	}
	return client, nil
}

// Close ends running calls. Later ones fail with ErrorCodeConnectionClosed. The
// error is always nil; closing twice is harmless.
func (c *Client) Close() error {
	c.connector.close()
	return nil
}

// GetServerVersion is the version of the node in use. Errors are those of
// connecting.
func (c *Client) GetServerVersion() (*ServerVersion, error) {
	conn, err := c.connector.connection()
	if err != nil {
		return nil, err
	}
	version := conn.server.version
	return &version, nil
}

// bounded is the context of a call that does not stream.
func (c *Client) bounded(ctx context.Context, deadline *time.Duration) (context.Context, context.CancelFunc) {
	switch {
	case deadline != nil:
		return context.WithTimeout(ctx, *deadline)
	case c.config.DefaultDeadline != nil:
		return context.WithTimeout(ctx, *c.config.DefaultDeadline)
	}
	return context.WithTimeout(ctx, defaultDeadline)
}

// unbounded is the context of a read or a subscription: without a deadline
// unless the caller gave one.
func unbounded(ctx context.Context, deadline *time.Duration) (context.Context, context.CancelFunc) {
	if deadline != nil {
		return context.WithTimeout(ctx, *deadline)
	}
	return context.WithCancel(ctx)
}

// addressed adds the headers of a call: whose it is, over TLS only. The options'
// RequiresLeader goes nowhere, as with the official client; a caller who means it
// puts the header requires-leader into the context.
func (c *Client) addressed(ctx context.Context, override *Credentials) context.Context {
	if c.config.DisableTLS {
		return ctx
	}
	authorization := c.authorization
	if override != nil {
		authorization = basic(override.Login, override.Password)
	}
	if authorization != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	return ctx
}

func basic(login, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))
}
