package node_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"

	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
)

func TestCertificateFilesAreChecked(t *testing.T) {
	t.Parallel()
	certificate, key := nodetest.Certificate(t)
	_, foreign := nodetest.Certificate(t)
	_, open := nodetest.Certificate(t)
	if err := os.Chmod(open, 0o604); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		certificate, key, says string
		is                     error
	}{
		"no certificate": {certificate + ".gone", key, certificate + ".gone", os.ErrNotExist},
		"no key":         {certificate, key + ".gone", key + ".gone", os.ErrNotExist},
		"foreign key":    {certificate, foreign, "does not match", nil},
		"exposed key":    {certificate, open, open, node.ErrKeyExposed},
		"swapped":        {key, certificate, key, nil},
	} {
		_, err := node.LoadCertificate(c.certificate, c.key, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCertificateIsReplaced writes new files, good and bad ones, under a server that goes on.
func TestCertificateIsReplaced(t *testing.T) {
	t.Parallel()
	certificate, key := nodetest.Certificate(t)
	var log bytes.Buffer
	config, err := node.LoadCertificate(certificate, key, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	first := served(t, config)
	if again := served(t, config); !bytes.Equal(first, again) {
		t.Error("the certificate changed by itself")
	}
	nodetest.WriteCertificate(t, certificate, key)
	second := served(t, config)
	if bytes.Equal(first, second) {
		t.Error("the new certificate is not served")
	}
	if err := os.WriteFile(certificate, []byte("half of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := served(t, config); !bytes.Equal(got, second) {
			t.Error("a bad file replaced a good certificate")
		}
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("a bad file is reported %d times: %s", n, log.String())
	}
	if err := os.Remove(certificate); err != nil {
		t.Fatal(err)
	}
	if got := served(t, config); !bytes.Equal(got, second) {
		t.Error("a file that is gone took the certificate along")
	}
}

// served returns the certificate with which a server of that configuration answers.
func served(t *testing.T, config *tls.Config) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { _ = tls.Server(far, config).HandshakeContext(t.Context()) }()
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true}) // which one it is, is the question
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return client.ConnectionState().PeerCertificates[0].Raw
}

// TestOldTLSIsRefused offers no more than TLS 1.1.
func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	network, path, _ := strings.Cut(s.Address, "://")
	conn, err := tls.Dial(network, path, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, NextProtos: []string{"h2"}})
	if err == nil {
		conn.Close()
		t.Error("TLS 1.1 is served")
	}
}
