package esdb

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	schemePlain    = "esdb"
	schemeDiscover = "esdb+discover"

	minKeepAlive = 10 * time.Second
)

// ParseConnectionString reads
//
//	esdb://[user[:password]@]host[:port][,host[:port]…][/][?key=value&…]
//
// or the same with esdb+discover. Reserved characters in the password are
// percent-encoded; keys, enums and bools may be in any case. Keys:
//
//	tls, tlsVerifyCert (true)        clear text; any certificate will do
//	tlsCaFile                        PEM file of the authority, read here
//	userCertFile, userKeyFile        client certificate
//	nodePreference (leader)          leader, follower, random, readOnlyReplica
//	maxDiscoverAttempts (10)         tries before a call fails
//	discoveryInterval (100)          ms between them
//	gossipTimeout (5)                seconds a candidate may take
//	keepAliveInterval, keepAliveTimeout (10000)   ms, -1 for none
//	defaultDeadline                  ms for calls that do not stream
//
// Other keys are logged and ignored. Errors are plain, and never show the password.
func ParseConnectionString(text string) (*Configuration, error) {
	scheme, rest, found := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !found || (scheme != schemePlain && scheme != schemeDiscover) {
		return nil, fmt.Errorf("connection string must start with %s:// or %s://", schemePlain, schemeDiscover)
	}
	if strings.Contains(rest, "#") {
		return nil, errors.New("connection string: write # as %23")
	}
	config := &Configuration{
		NodePreference:      NodePreferenceLeader,
		MaxDiscoverAttempts: 10,
		DiscoveryInterval:   100,
		GossipTimeout:       5,
		KeepAliveInterval:   minKeepAlive,
		KeepAliveTimeout:    minKeepAlive,
		Logger:              ConsoleLogging(),
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if path != "" {
		return nil, errors.New("connection string: only / may follow the hosts")
	}
	hosts, err := config.parseUser(authority)
	if err != nil {
		return nil, err
	}
	if err := config.parseHosts(hosts, scheme == schemeDiscover); err != nil {
		return nil, err
	}
	if err := config.parseSettings(query); err != nil {
		return nil, err
	}
	return config, nil
}

// parseUser takes the user off the authority and returns the hosts.
func (c *Configuration) parseUser(authority string) (string, error) {
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return authority, nil
	}
	login, password, _ := strings.Cut(authority[:at], ":")
	if login == "" {
		return "", errors.New("connection string: user is empty")
	}
	var err error
	if c.Username, err = url.PathUnescape(login); err != nil {
		return "", errors.New("connection string: user is not percent-encoded correctly")
	}
	if c.Password, err = url.PathUnescape(password); err != nil {
		return "", errors.New("connection string: password is not percent-encoded correctly")
	}
	return authority[at+1:], nil
}

func (c *Configuration) parseHosts(hosts string, discover bool) error {
	var endpoints []*EndPoint
	for _, host := range strings.Split(hosts, ",") {
		endpoint, err := ParseEndPoint(host)
		if err != nil {
			return fmt.Errorf("connection string: %w", err)
		}
		endpoints = append(endpoints, endpoint)
	}
	c.DnsDiscover = discover
	if len(endpoints) == 1 {
		c.Address = endpoints[0].String()
	} else {
		c.GossipSeeds = endpoints
	}
	return nil
}

func (c *Configuration) parseSettings(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("connection string: settings are not percent-encoded correctly")
	}
	for key, given := range values {
		if err := c.set(key, given[len(given)-1]); err != nil {
			return fmt.Errorf("connection string: %s: %w", key, err)
		}
	}
	return nil
}
