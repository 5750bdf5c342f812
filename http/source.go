package http

import (
	"net/http"
	"net/netip"
	"strings"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

const maxUserAgent = 256

// source tells where a request came from. The address is the socket's; forwarding headers count only as far as they
// were written by proxies that the operator trusts.
func (s *Server) source(r *http.Request) eventstore.Client {
	return eventstore.Client{
		IP:        domain.NewPersonal(clientIP(r, s.trustedProxies)),
		UserAgent: domain.NewPersonal(clean(r.UserAgent(), maxUserAgent)),
	}
}

// clientIP walks from the socket to the client for as long as the hop that spoke last is trusted.
func clientIP(r *http.Request, trusted []netip.Prefix) string {
	socket, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "" // not a network socket
	}
	address := socket.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap().WithZone("")
	}
	return address.String()
}

func contains(prefixes []netip.Prefix, address netip.Addr) bool {
	for _, prefix := range prefixes {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// clean keeps the visible ASCII of a header and blanks the rest, at most limit bytes of it.
func clean(text string, limit int) string {
	text = text[:min(len(text), limit)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, text)
}
