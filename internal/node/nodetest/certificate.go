package nodetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"am-user-management/internal/node"
	"am-user-management/internal/node/access"
	"am-user-management/internal/password"
)

// Certificate makes a certificate for localhost and 127.0.0.1 that is its own authority. It returns the files of the
// certificate and of its key, in a folder of the test's own.
func Certificate(t testing.TB) (certificateFile, keyFile string) {
	t.Helper()
	folder := t.TempDir()
	certificateFile, keyFile = filepath.Join(folder, "node.crt"), filepath.Join(folder, "node.key")
	WriteCertificate(t, certificateFile, keyFile)
	return certificateFile, keyFile
}

// WriteCertificate is Certificate with files that are there or not. No two certificates are alike.
func WriteCertificate(t testing.TB, certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		t.Fatal(err)
	}
	const validity = 24 * time.Hour
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    time.Now().Add(-validity), NotAfter: time.Now().Add(validity), //nolint:forbidigo // TLS asks the real clock
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct {
		name, kind string
		data       []byte
	}{{keyFile, "PRIVATE KEY", secret}, {certificateFile, "CERTIFICATE", der}} {
		text := pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.data})
		if err := os.WriteFile(file.name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Trusting returns the client's side of TLS that trusts the certificate in the file, whatever address is dialled.
func Trusting(t testing.TB, certificateFile string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(certificateFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %s", certificateFile)
	}
	return &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// Secured returns options of a node that asks who calls, with the certificate in the files and the passwords that
// EventStoreDB has at first. Passwords cost next to nothing there.
func Secured(t testing.TB, certificateFile, keyFile string) node.Options {
	t.Helper()
	config, err := node.LoadCertificate(certificateFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return node.Options{Security: &node.Security{
		TLS: config, Passwords: access.Passwords{Admin: "changeit", Ops: "changeit"},
		HashCost: password.Params{MemoryKiB: 64, Time: 1, Parallelism: 1},
	}}
}
