// Package tokenservice tells the service that issues tokens about users. It exists so that this call, the only one that
// leaves for another service, is bounded in every direction: one host, no redirects, a time-out over the whole answer,
// a cap on what is read of it, and a breaker that stops asking a service that is down. It imports domain only.
package tokenservice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/sony/gobreaker/v2"

	"am-user-management/domain"
)

// Options are the settings of a Client.
type Options struct {
	// URL is the base of the service, TOKEN_SERVICE_URL.
	URL string
	// Key is the bearer key.
	Key string
	// Timeout bounds one call, answer included; 0 is 5 s.
	Timeout time.Duration
	// BreakAfter is how many failures in a row stop the calls; 0 is 5.
	BreakAfter uint32
	// BreakFor is how long they stop until one is tried again; 0 is 10 s.
	BreakFor time.Duration
}

// Client calls the token service. It is safe for concurrent use.
type Client struct {
	base    *url.URL
	key     string
	timeout time.Duration
	http    *http.Client
	breaker *gobreaker.CircuitBreaker[struct{}]
}

const (
	defaultTimeout    = 5 * time.Second
	defaultBreakAfter = 5
	defaultBreakFor   = 10 * time.Second
	// maxAnswer is how much of an answer is read, in bytes; a longer one is not ours.
	maxAnswer = 64 << 10
	// idleConnections are kept for the next calls: as many as jobs make at once, 16 of them 8 calls each after an import.
	// With fewer, most calls of a crowd would open a connection and close it.
	idleConnections = 128
)

// New makes a client; it calls nobody.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil || base.RawQuery != "" {
		return nil, errors.New("the token service's URL must be http or https, without user and query")
	}
	if o.Key == "" {
		return nil, errors.New("the token service needs a key")
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.BreakAfter == 0 {
		o.BreakAfter = defaultBreakAfter
	}
	if o.BreakFor == 0 {
		o.BreakFor = defaultBreakFor
	}
	return &Client{
		base: base, key: o.Key, timeout: o.Timeout,
		http: &http.Client{
			// No proxy from the environment: calls go to the configured host and nowhere else.
			Transport: &http.Transport{
				MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
				MaxResponseHeaderBytes: maxAnswer,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		breaker: gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
			Name:         "token service",
			Timeout:      o.BreakFor,
			ReadyToTrip:  func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= o.BreakAfter },
			IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, ErrPermanent) },
			IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
		}),
	}, nil
}

// Issue tells that tokens may be issued for the user. effect is the Idempotency-Key: the same effect told twice is one
// effect there. The error is a *CallError; errors.Is(err, ErrPermanent) tells that trying again is pointless.
func (c *Client) Issue(ctx context.Context, effect, user domain.ID, reason string) error {
	return c.tell(ctx, "tokens", effect, user, reason)
}

// Revoke tells that all tokens of the user are void. Effect and error are as with Issue.
func (c *Client) Revoke(ctx context.Context, effect, user domain.ID, reason string) error {
	return c.tell(ctx, "tokens/revoke", effect, user, reason)
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// notice is the body of every call.
type notice struct {
	UserID domain.ID `json:"user_id"`
	Reason string    `json:"reason"`
}

func (c *Client) tell(ctx context.Context, path string, effect, user domain.ID, reason string) error {
	body, err := json.Marshal(notice{UserID: user, Reason: reason})
	if err != nil {
		return &CallError{permanent: true, cause: err}
	}
	_, err = c.breaker.Execute(func() (struct{}, error) {
		return struct{}{}, c.post(ctx, c.base.JoinPath("internal/v1", path), effect, body)
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return &CallError{cause: ErrPaused}
	}
	return err
}

func (c *Client) post(ctx context.Context, target *url.URL, effect domain.ID, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return &CallError{permanent: true, cause: err}
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Idempotency-Key", effect.String())
	answer, err := c.http.Do(request)
	if err != nil {
		return &CallError{cause: err}
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return &CallError{Status: answer.StatusCode, permanent: isPermanent(answer.StatusCode)}
	}
	return checkAnswer(answer)
}

// checkAnswer accepts an empty body or one JSON value of a sane size. Anything else did not come from the token
// service, whatever its status says.
func checkAnswer(answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return &CallError{Status: answer.StatusCode, cause: err}
	case len(text) > maxAnswer:
		return &CallError{Status: answer.StatusCode, cause: fmt.Errorf("the answer is longer than %d bytes", maxAnswer)}
	case len(bytes.TrimSpace(text)) > 0 && !json.Valid(text):
		return &CallError{Status: answer.StatusCode, cause: errors.New("the answer is not JSON")}
	}
	return nil
}
