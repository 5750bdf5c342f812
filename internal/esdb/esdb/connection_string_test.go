package esdb_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func TestConnectionStringDefaults(t *testing.T) {
	t.Parallel()
	config, err := esdb.ParseConnectionString("esdb://localhost")
	if err != nil {
		t.Fatal(err)
	}
	if config.Logger == nil {
		t.Error("no logger")
	}
	got := *config
	got.Logger = nil
	want := esdb.Configuration{
		Address: "localhost:2113", NodePreference: esdb.NodePreferenceLeader, MaxDiscoverAttempts: 10,
		DiscoveryInterval: 100, GossipTimeout: 5, KeepAliveInterval: 10 * time.Second, KeepAliveTimeout: 10 * time.Second,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestConnectionStringSettings(t *testing.T) {
	t.Parallel()
	for text, holds := range map[string]func(*esdb.Configuration) bool{
		"esdb://h:1":                  func(c *esdb.Configuration) bool { return c.Address == "h:1" },
		"ESDB://h/":                   func(c *esdb.Configuration) bool { return c.Address == "h:2113" },
		"esdb://[::1]:3":              func(c *esdb.Configuration) bool { return c.Address == "[::1]:3" },
		"esdb://[::1]":                func(c *esdb.Configuration) bool { return c.Address == "[::1]:2113" },
		"esdb+discover://dns.name":    func(c *esdb.Configuration) bool { return c.DnsDiscover && c.Address == "dns.name:2113" },
		"esdb://u:p%40%3A%2F+x@h":     func(c *esdb.Configuration) bool { return c.Username == "u" && c.Password == "p@:/+x" },
		"esdb://u@h":                  func(c *esdb.Configuration) bool { return c.Username == "u" && c.Password == "" },
		"esdb://h?TLS=False":          func(c *esdb.Configuration) bool { return c.DisableTLS },
		"esdb://h?tls=true":           func(c *esdb.Configuration) bool { return !c.DisableTLS },
		"esdb://h/?tlsVerifyCert=no":  nil,
		"esdb://h?tlsVerifyCert=true": func(c *esdb.Configuration) bool { return !c.SkipCertificateVerification },
		"esdb://h?tlsVerifyCert=false": func(c *esdb.Configuration) bool {
			return c.SkipCertificateVerification
		},
		"esdb://h?nodePreference=FOLLOWER": func(c *esdb.Configuration) bool { return c.NodePreference == esdb.NodePreferenceFollower },
		"esdb://h?nodepreference=readonlyreplica": func(c *esdb.Configuration) bool {
			return c.NodePreference == esdb.NodePreferenceReadOnlyReplica
		},
		"esdb://h?nodePreference=random": func(c *esdb.Configuration) bool { return c.NodePreference == esdb.NodePreferenceRandom },
		"esdb://h?nodePreference=worker": nil,
		"esdb://h?maxDiscoverAttempts=7&discoveryInterval=8&gossipTimeout=9": func(c *esdb.Configuration) bool {
			return c.MaxDiscoverAttempts == 7 && c.DiscoveryInterval == 8 && c.GossipTimeout == 9
		},
		"esdb://h?maxDiscoverAttempts=x": nil,
		"esdb://h?discoveryInterval=x":   nil,
		"esdb://h?gossipTimeout=x":       nil,
		"esdb://h?keepAliveInterval=-1&keepAliveTimeout=20000": func(c *esdb.Configuration) bool {
			return c.KeepAliveInterval < 0 && c.KeepAliveTimeout == 20*time.Second
		},
		"esdb://h?keepAliveInterval=5":  func(c *esdb.Configuration) bool { return c.KeepAliveInterval == 5*time.Millisecond },
		"esdb://h?keepAliveInterval=-2": nil,
		"esdb://h?keepAliveTimeout=x":   nil,
		"esdb://h?defaultDeadline=1500": func(c *esdb.Configuration) bool { return *c.DefaultDeadline == 1500*time.Millisecond },
		"esdb://h?defaultDeadline=x":    nil,
		"esdb://h?userCertFile=a&userKeyFile=b": func(c *esdb.Configuration) bool {
			return c.UserCertFile == "a" && c.UserKeyFile == "b"
		},
		"esdb://h?connectionName=me&throwOnAppendFailure=true": func(c *esdb.Configuration) bool { return c.Address == "h:2113" },
		"esdb://h?tlsCaFile=/nowhere/ca.pem":                   nil,
		"esdb://h/path":                                        nil,
		"esdb://@h":                                            nil,
		"esdb://:p@h":                                          nil,
		"esdb://u:%zz@h":                                       nil,
		"esdb://u:p#w@h":                                       nil,
		"esdb://h:x":                                           nil,
		"esdb://h:0":                                           nil,
		"esdb://h:65536":                                       nil,
		"esdb://h:":                                            nil,
		"esdb://":                                              nil,
		"esdb://a,,b":                                          nil,
		"esdb://a,":                                            nil,
		"http://h":                                             nil,
		"h:2113":                                               nil,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			config, err := esdb.ParseConnectionString(text)
			switch {
			case holds == nil && err == nil:
				t.Errorf("accepted: %+v", config)
			case holds != nil && err != nil:
				t.Error(err)
			case holds != nil && !holds(config):
				t.Errorf("got %+v", config)
			}
			if _, own := esdb.FromError(err); err != nil && own {
				t.Error("the error is not plain")
			}
		})
	}
}

func TestSeveralHostsAreGossipSeeds(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"esdb", "esdb+discover"} {
		config, err := esdb.ParseConnectionString(scheme + "://a,b:1,c:2?tls=false")
		if err != nil {
			t.Fatal(err)
		}
		if got := joined(config.GossipSeeds...); got != "a:2113,b:1,c:2" || config.Address != "" {
			t.Errorf("%s: got seeds %s, address %q", scheme, got, config.Address)
		}
	}
}

func TestErrorsDoNotShowThePassword(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"esdb://u:hunter2@h:x", "esdb://u:hunter2%zz@h", "esdb://u:hunter2@h/p", "x://u:hunter2@h"} {
		if _, err := esdb.ParseConnectionString(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAuthorityFileMustHoldACertificate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := esdb.ParseConnectionString("esdb://h?tlsCaFile=" + path); err == nil {
		t.Error("accepted a file without a certificate")
	}
}

func TestClientCertificateNeedsBothFiles(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"userCertFile=a", "userKeyFile=a"} {
		config, err := esdb.ParseConnectionString("esdb://h?" + setting)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := esdb.NewClient(config); err == nil || !strings.HasPrefix(err.Error(), "invalid configuration") {
			t.Errorf("%s: got %v", setting, err)
		}
	}
}
