package esdb

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// set applies one setting of a connection string.
func (c *Configuration) set(key, value string) error {
	var err error
	switch strings.ToLower(key) {
	case "tls":
		var on bool
		on, err = parseBool(value)
		c.DisableTLS = !on
	case "tlsverifycert":
		var verify bool
		verify, err = parseBool(value)
		c.SkipCertificateVerification = !verify
	case "tlscafile":
		c.RootCAs, err = readAuthorities(value)
	case "usercertfile":
		c.UserCertFile = value
	case "userkeyfile":
		c.UserKeyFile = value
	case "nodepreference":
		c.NodePreference, err = parsePreference(value)
	case "maxdiscoverattempts":
		c.MaxDiscoverAttempts, err = strconv.Atoi(value)
	case "discoveryinterval":
		c.DiscoveryInterval, err = strconv.Atoi(value)
	case "gossiptimeout":
		c.GossipTimeout, err = strconv.Atoi(value)
	case "keepaliveinterval":
		c.KeepAliveInterval, err = c.parseKeepAlive(key, value)
	case "keepalivetimeout":
		c.KeepAliveTimeout, err = c.parseKeepAlive(key, value)
	case "defaultdeadline":
		c.DefaultDeadline, err = parseDeadline(value)
	default:
		c.logf(LogWarn, "connection string: %q is no setting; ignored", key)
	}
	return err
}

func parseBool(value string) (bool, error) {
	switch strings.ToLower(value) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", value)
}

func parsePreference(value string) (NodePreference, error) {
	for _, preference := range []NodePreference{
		NodePreferenceLeader, NodePreferenceFollower, NodePreferenceReadOnlyReplica, NodePreferenceRandom,
	} {
		if strings.EqualFold(value, preference.String()) {
			return preference, nil
		}
	}
	return "", fmt.Errorf("%q is none of leader, follower, random, readOnlyReplica", value)
}

func (c *Configuration) parseKeepAlive(key, value string) (time.Duration, error) {
	millis, err := strconv.Atoi(value)
	switch {
	case err != nil:
		return 0, err
	case millis < -1:
		return 0, fmt.Errorf("%d is below -1", millis)
	case millis == -1:
		return -1, nil
	}
	given := time.Duration(millis) * time.Millisecond
	if given < minKeepAlive {
		c.logf(LogWarn, "connection string: %s of %v is below the recommended %v", key, given, minKeepAlive)
	}
	return given, nil
}

func parseDeadline(value string) (*time.Duration, error) {
	millis, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return nil, err
	}
	deadline := time.Duration(millis) * time.Millisecond
	return &deadline, nil
}

// readAuthorities reads the certificates of a PEM file.
func readAuthorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("the file has no certificate in PEM")
	}
	return pool, nil
}
