package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
)

// connection is a keep-alive HTTP/1.1 connection that spends as little as possible on a request: the service shares
// the processors with whoever calls it, and net/http's client takes about as long as the request it waits for.
type connection struct {
	conn   net.Conn
	reader *bufio.Reader
	buffer []byte
}

func dialHTTP(ctx context.Context, address string) (*connection, error) {
	return dialBy(ctx, new(net.Dialer), address)
}

func dialBy(ctx context.Context, dialer *net.Dialer, address string) (*connection, error) {
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// request sends what write appends and returns the answer's status and, until the next request, its body.
func (c *connection) request(write func(to []byte) []byte) (status int, body []byte, err error) {
	c.buffer = write(c.buffer[:0])
	if _, err := c.conn.Write(c.buffer); err != nil {
		return 0, nil, err
	}
	length, chunked := -1, false
	for first := true; ; first = false {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			if status, err = statusOf(line); err != nil {
				return 0, nil, err
			}
			continue
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	if chunked {
		body, err = c.chunks()
		return status, body, err
	}
	if length < 0 {
		return 0, nil, errors.New("an answer without Content-Length")
	}
	if cap(c.buffer) < length {
		c.buffer = make([]byte, length)
	}
	c.buffer = c.buffer[:length]
	_, err = io.ReadFull(c.reader, c.buffer)
	return status, c.buffer, err
}

// chunks reads a body that comes in chunks, as those do whose length was not known when they began.
func (c *connection) chunks() ([]byte, error) {
	body := bytes.NewBuffer(c.buffer[:0])
	_, err := body.ReadFrom(httputil.NewChunkedReader(c.reader))
	c.buffer = body.Bytes()
	if err == nil {
		_, err = c.reader.ReadSlice('\n') // of the trailers, which nobody sends
	}
	return c.buffer, err
}

// statusOf reads "HTTP/1.1 200 OK".
func statusOf(line []byte) (int, error) {
	const from, to = len("HTTP/1.1 "), len("HTTP/1.1 200")
	if len(line) < to {
		return 0, fmt.Errorf("not an answer: %q", line)
	}
	return strconv.Atoi(string(line[from:to]))
}

// requester drives a server over HTTP: a connection per caller, the requests that write appends. An answer other than 200
// and 503 ends the run.
func requester(address string, write func(caller int, to []byte) []byte) func(context.Context, load) (sample, error) {
	return func(ctx context.Context, l load) (_ sample, err error) {
		connections := make([]*connection, l.Callers)
		defer func() {
			for _, c := range connections {
				if c != nil {
					err = errors.Join(err, c.conn.Close())
				}
			}
		}()
		for i := range connections {
			if connections[i], err = dialHTTP(ctx, address); err != nil {
				return sample{}, err
			}
		}
		return drive(ctx, l, timed(func(_ context.Context, caller int) error {
			status, body, err := connections[caller].request(func(to []byte) []byte { return write(caller, to) })
			switch {
			case err != nil || status == http.StatusOK:
				return err
			case status == http.StatusServiceUnavailable:
				return errRefused
			}
			return fmt.Errorf("answer %d: %s", status, body)
		}))
	}
}

// head appends a request's line and headers; more are given in pairs of name and value.
func head(to []byte, method, path string, bodyLength int, headers ...string) []byte {
	to = append(append(append(append(to, method...), ' '), path...), " HTTP/1.1\r\nHost: localhost\r\n"...)
	for i := 0; i+1 < len(headers); i += 2 {
		to = append(append(append(append(to, headers[i]...), ": "...), headers[i+1]...), "\r\n"...)
	}
	if bodyLength > 0 {
		to = append(to, "Content-Type: application/json\r\nContent-Length: "...)
		to = append(strconv.AppendInt(to, int64(bodyLength), 10), "\r\n"...)
	}
	return append(to, "\r\n"...)
}
