package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// ErrKeyExposed reports that everybody on the machine may read the key of a certificate.
var ErrKeyExposed = errors.New("the private key can be read by everybody on this machine; take the right away (chmod 600)")

// LoadCertificate returns the server's side of TLS with the certificate, and those that lead to its authority, in the first
// file and its key in the second, both PEM. When the files change, new connections get the new certificate. One that cannot
// be read then is logged, and the last good one goes on being used.
//
// It returns ErrKeyExposed, or what is wrong with which of the files.
func LoadCertificate(certificateFile, keyFile string, logger *slog.Logger) (*tls.Config, error) {
	c := &certificate{file: certificateFile, keyFile: keyFile, logger: logger}
	var err error
	if c.stamps, err = c.stat(); err != nil {
		return nil, err
	}
	if c.pair, err = c.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
	}, nil
}

// certificate is a pair of files that may be replaced at any time.
type certificate struct {
	file, keyFile string
	logger        *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	stamps stamps // of the files that were tried last
}

// stamps tell whether one of the two files has changed.
type stamps [2]stamp

type stamp struct {
	modified time.Time
	size     int64
	mode     fs.FileMode
}

// current returns the certificate in the files, or the last good one.
func (c *certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := c.stat()
	if err != nil || now == c.stamps {
		return c.pair // a file that is missing is about to be replaced
	}
	c.stamps = now
	pair, err := c.load()
	if err != nil {
		c.logger.Error("the new certificate cannot be used; the old one stays", "error", err)
		return c.pair
	}
	c.logger.Info("new certificate", "file", c.file)
	c.pair = pair
	return pair
}

func (c *certificate) stat() (stamps, error) {
	var all stamps
	for i, file := range []string{c.file, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return all, err
		}
		all[i] = stamp{modified: info.ModTime(), size: info.Size(), mode: info.Mode()}
	}
	return all, nil
}

func (c *certificate) load() (*tls.Certificate, error) {
	const byOthers = 0o007
	if c.stamps[1].mode.Perm()&byOthers != 0 {
		return nil, fmt.Errorf("%s: %w", c.keyFile, ErrKeyExposed)
	}
	pair, err := tls.LoadX509KeyPair(c.file, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", c.file, c.keyFile, err)
	}
	return &pair, nil
}
