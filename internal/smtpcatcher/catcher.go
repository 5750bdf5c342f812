// Package smtpcatcher is a mail server that delivers nothing: it keeps every mail as a file and shows it on a page. It
// exists so that the dev mode and the tests send mail through real SMTP, exactly as in production, and that a person or
// a test can read what arrived. It imports nothing of this project.
package smtpcatcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Options are the settings of a Catcher.
type Options struct {
	// Dir is where mails are kept; it is made if it does not exist.
	Dir string
	// Addr is where to listen; "" is a free port of 127.0.0.1.
	Addr string
	// MaxBytes is the largest mail taken; 0 is 1 MiB.
	MaxBytes int64
	// Keep is how many mails stay, the oldest go first; 0 is 10,000.
	Keep int
	// Now is the clock of file names.
	Now func() time.Time
	// Logger hears of connections that went wrong; nil is silence.
	Logger *slog.Logger
}

// Catcher is a running server. Its methods are safe for concurrent use.
type Catcher struct {
	server   *smtp.Server
	listener net.Listener
	box      *mailbox
	done     chan struct{}
	served   error

	mu      sync.Mutex
	recent  []arrival     // oldest first, at most as many as the mailbox keeps
	arrived chan struct{} // closed and replaced at each arrival
}

// arrival is a mail that Wait may still hand out, for one of its recipients.
type arrival struct{ name, to string }

const (
	defaultMaxBytes = 1 << 20
	defaultKeep     = 10_000
	ioTimeout       = 30 * time.Second
)

// Start listens and serves until Close. It returns when mail can be sent.
func Start(o Options) (*Catcher, error) {
	if o.Now == nil || o.Dir == "" {
		return nil, errors.New("the mail catcher needs a folder and a clock")
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Keep == 0 {
		o.Keep = defaultKeep
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	box, err := openMailbox(o.Dir, o.Keep, o.Now)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	c := &Catcher{listener: listener, box: box, done: make(chan struct{}), arrived: make(chan struct{})}
	c.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{catcher: c}, nil }))
	c.server.Domain = "localhost"
	c.server.MaxMessageBytes = o.MaxBytes
	c.server.MaxRecipients = 100
	c.server.ReadTimeout, c.server.WriteTimeout = ioTimeout, ioTimeout
	c.server.EnableSMTPUTF8 = true
	c.server.ErrorLog = quietLog{o.Logger}
	go func() {
		defer close(c.done)
		if err := c.server.Serve(listener); !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			c.served = err
		}
	}()
	return c, nil
}

// Addr is where the catcher listens, host:port.
func (c *Catcher) Addr() string { return c.listener.Addr().String() }

// URL is Addr as a value of SMTP_URL.
func (c *Catcher) URL() string { return "smtp://" + c.Addr() + "?starttls=never" }

// Close ends every connection and returns when nothing is written any more.
func (c *Catcher) Close() error {
	// The listener is closed as well: the server knows it only once it serves.
	err := errors.Join(c.server.Close(), c.listener.Close())
	<-c.done
	c.box.close()
	for _, expected := range []error{smtp.ErrServerClosed, net.ErrClosed} {
		if errors.Is(err, expected) {
			err = nil
		}
	}
	return errors.Join(err, c.served)
}

// List is the newest mails first, at most limit of them.
func (c *Catcher) List(limit int) ([]Mail, error) {
	names := c.box.names()
	var mails []Mail
	for i := len(names) - 1; i >= 0 && len(mails) < limit; i-- {
		mail, err := c.box.read(names[i])
		if errors.Is(err, os.ErrNotExist) {
			continue // it was the oldest, and went meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", names[i], err)
		}
		mails = append(mails, mail)
	}
	return mails, nil
}

// Read is one mail by its name. The error is os.ErrNotExist if there is none of that name.
func (c *Catcher) Read(name string) (Mail, error) { return c.box.read(name) }

// Wait returns the next mail to that address: the oldest one caught since Start that no Wait returned yet, or the next
// to come. It ends with the context's error.
func (c *Catcher) Wait(ctx context.Context, to string) (Mail, error) {
	for {
		name, arrived := c.take(to)
		if name != "" {
			return c.box.read(name)
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Mail{}, fmt.Errorf("waiting for a mail: %w", ctx.Err())
		}
	}
}

// take removes the first arrival for the address, or returns what is closed at the next arrival.
func (c *Catcher) take(to string) (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, arrival := range c.recent {
		if arrival.to == to {
			c.recent = append(c.recent[:i], c.recent[i+1:]...)
			return arrival.name, nil
		}
	}
	return "", c.arrived
}

// keep stores a mail and wakes whoever waits.
func (c *Catcher) keep(raw []byte, recipients []string) error {
	name, err := c.box.write(raw)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, to := range recipients {
		c.recent = append(c.recent, arrival{name: name, to: to})
	}
	if over := len(c.recent) - c.box.keep; over > 0 {
		c.recent = append([]arrival(nil), c.recent[over:]...)
	}
	close(c.arrived)
	c.arrived = make(chan struct{})
	return nil
}
