package esdb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

func leaderTrailer(leader *esdb.EndPoint) metadata.MD {
	_, port, _ := net.SplitHostPort(leader.String())
	return metadata.Pairs("exception", "not-leader", "leader-endpoint-host", leader.Host, "leader-endpoint-port", port)
}

func basic(user string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(user)) }

// authority makes a certificate for 127.0.0.1, good for server and client. It
// returns the files of the certificate and of its key.
func authority(t *testing.T) (certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificateFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{
		certificateFile: {Type: "CERTIFICATE", Bytes: certificate},
		keyFile:         {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificateFile, keyFile
}

// secured is the server side of TLS with that certificate, asking clients for theirs if told so.
func secured(t *testing.T, certificateFile, keyFile string, client tls.ClientAuthType) grpc.ServerOption {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(certificateFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(certificateFile)
	pool.AppendCertsFromPEM(text)
	return grpc.Creds(credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: client, ClientCAs: pool,
	}))
}

func TestCredentialsGoOverTLS(t *testing.T) {
	t.Parallel()
	certificate, key := authority(t)
	node := &server{}
	endpoint := node.start(t, secured(t, certificate, key, tls.NoClientCert))
	node.onGossip = telling(member(gossip.MemberInfo_Leader, true, endpoint))
	for _, text := range []string{
		"esdb://user:p%40ss@" + endpoint.String() + "?tlsCaFile=" + certificate,
		"esdb+discover://user:p%40ss@" + endpoint.String() + "?tlsCaFile=" + certificate,
		"esdb://user:p%40ss@" + endpoint.String() + "?tlsVerifyCert=false",
	} {
		client := open(t, config(t, text))
		if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := node.header("append", "authorization"); len(got) != 1 || got[0] != basic("user:p@ss") {
			t.Errorf("got %v, want the configuration's", got)
		}
		override := esdb.AppendToStreamOptions{Authenticated: &esdb.Credentials{Login: "other", Password: "secret"}}
		if _, err := client.AppendToStream(within(t), "s", override); err != nil {
			t.Fatal(err)
		}
		if got := node.header("append", "authorization"); len(got) != 1 || got[0] != basic("other:secret") {
			t.Errorf("got %v, want the call's", got)
		}
		for _, method := range []string{"features", "gossip"} {
			if got := node.header(method, "authorization"); len(got) != 0 {
				t.Errorf("%s is called without credentials; got %v", method, got)
			}
		}
	}
}

func TestNoCredentialsInClearText(t *testing.T) {
	t.Parallel()
	node := &server{}
	client := open(t, config(t, "esdb://user:pass@"+node.start(t).String()+"?tls=false"))
	options := esdb.AppendToStreamOptions{Authenticated: &esdb.Credentials{Login: "other", Password: "secret"}}
	if _, err := client.AppendToStream(within(t), "s", options); err != nil {
		t.Fatal(err)
	}
	if got := node.header("append", "authorization"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestAnUnknownAuthorityIsRefused(t *testing.T) {
	t.Parallel()
	certificate, key := authority(t)
	endpoint := (&server{}).start(t, secured(t, certificate, key, tls.NoClientCert))
	client := open(t, config(t, "esdb://"+endpoint.String()))
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); codeOf(t, err) != esdb.ErrorUnavailable {
		t.Errorf("got %v", err)
	}
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	certificate, key := authority(t)
	endpoint := (&server{}).start(t, secured(t, certificate, key, tls.RequireAndVerifyClientCert))
	trusting := "esdb://" + endpoint.String() + "?tlsCaFile=" + certificate
	if _, err := open(t, config(t, trusting)).AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err == nil {
		t.Error("served without a certificate")
	}
	client := open(t, config(t, trusting+"&userCertFile="+certificate+"&userKeyFile="+key))
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
		t.Error(err)
	}
	client = open(t, config(t, trusting+"&userCertFile="+certificate+"&userKeyFile=/nowhere"))
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err == nil {
		t.Error("served although the key is missing")
	}
}

func TestHeadersOfACall(t *testing.T) {
	t.Parallel()
	node := &server{}
	client := connect(t, node.start(t))
	ctx := metadata.AppendToOutgoingContext(within(t), "requires-leader", "true")
	if _, err := client.AppendToStream(ctx, "s", esdb.AppendToStreamOptions{RequiresLeader: true}); err != nil {
		t.Fatal(err)
	}
	if got := node.header("append", "requires-leader"); len(got) != 1 || got[0] != "true" {
		t.Errorf("the caller's own header: got requires-leader %v", got)
	}
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{RequiresLeader: true}); err != nil {
		t.Fatal(err)
	}
	if got := node.header("append", "requires-leader"); len(got) != 0 {
		t.Errorf("the option has no effect in the official client, but got requires-leader %v", got)
	}
}
