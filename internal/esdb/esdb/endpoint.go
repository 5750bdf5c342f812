package esdb

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

const defaultPort = 2113

// EndPoint is an address of a node.
type EndPoint struct {
	Host string
	Port uint16
}

// String is host:port.
func (e *EndPoint) String() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
}

// ParseEndPoint reads host[:port]. The port is 2113 if none is given, else 1 to
// 65535. An IPv6 address stands in brackets.
func ParseEndPoint(text string) (*EndPoint, error) {
	if text == "" {
		return nil, fmt.Errorf("an empty host was given")
	}
	if inner, bracketed := strings.CutPrefix(text, "["); bracketed && strings.HasSuffix(inner, "]") {
		return &EndPoint{Host: strings.TrimSuffix(inner, "]"), Port: defaultPort}, nil
	}
	if !strings.Contains(text, ":") {
		return &EndPoint{Host: text, Port: defaultPort}, nil
	}
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", text, err)
	}
	if host == "" {
		return nil, fmt.Errorf("endpoint %q: host is empty", text)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("endpoint %q: port must be 1 to 65535", text)
	}
	return &EndPoint{Host: host, Port: uint16(port)}, nil
}
