package esdb

import (
	"crypto/x509"
	"errors"
	"time"
)

// NodePreference is the kind of node that a client of a cluster wants.
type NodePreference string

// The kinds of node. They matter only where the node is found by gossip.
const (
	NodePreferenceLeader          NodePreference = "Leader"
	NodePreferenceFollower        NodePreference = "Follower"
	NodePreferenceReadOnlyReplica NodePreference = "ReadOnlyReplica"
	NodePreferenceRandom          NodePreference = "Random"
)

// String is the name of the kind.
func (p NodePreference) String() string { return string(p) }

// Configuration says where the server is and how to talk to it. Start from
// ParseConnectionString: the zero value has no defaults and allows no attempt.
type Configuration struct {
	// Address is the one node to dial, or the name to discover by if
	// DnsDiscover is set. Any gRPC target will do, such as unix:///path.
	Address string
	// GossipSeeds are nodes to ask for the others. Takes precedence over Address.
	GossipSeeds []*EndPoint
	// DisableTLS talks in clear text and sends no credentials.
	DisableTLS bool
	// NodePreference matters only with gossip.
	NodePreference NodePreference
	// Username and Password are sent with every call, over TLS only.
	Username string
	Password string
	// RootCAs are trusted to sign the server's certificate; nil: the system's.
	RootCAs *x509.CertPool
	// UserCertFile and UserKeyFile are a client certificate in PEM: both or none.
	UserCertFile string
	UserKeyFile  string
	// SkipCertificateVerification trusts any server.
	SkipCertificateVerification bool
	// MaxDiscoverAttempts is how often all candidates are tried before a call fails.
	MaxDiscoverAttempts int
	// DiscoveryInterval is the pause between two tries, in milliseconds.
	DiscoveryInterval int
	// GossipTimeout is how long a candidate may take to answer, in seconds.
	GossipTimeout int
	// DnsDiscover asks the host at Address for the nodes of its cluster.
	DnsDiscover bool //nolint:revive // the official client's spelling
	// KeepAliveInterval is the time between two pings, at least 10 s; negative: none.
	KeepAliveInterval time.Duration
	// KeepAliveTimeout is how long a ping may stay unanswered; negative: no pings.
	KeepAliveTimeout time.Duration
	// DefaultDeadline bounds calls that do not stream and have no deadline of
	// their own; nil: 10 s.
	DefaultDeadline *time.Duration
	// Logger takes log lines; nil is silent.
	Logger LoggingFunc
}

// Validate checks that the fields fit together.
func (c *Configuration) Validate() error {
	if (c.UserCertFile == "") != (c.UserKeyFile == "") {
		return errors.New("userCertFile and userKeyFile: set both or none")
	}
	return nil
}

func (c *Configuration) logf(level LogLevel, format string, args ...any) {
	if c.Logger != nil {
		c.Logger(level, format, args...)
	}
}

// usesGossip tells whether the node to talk to is yet to be found.
func (c *Configuration) usesGossip() bool {
	return c.DnsDiscover || len(c.GossipSeeds) > 0
}

// Credentials are sent with one call in place of the configuration's, over TLS only.
type Credentials struct {
	Login    string
	Password string
}
