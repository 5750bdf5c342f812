package http_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"am-user-management/domain"
	amhttp "am-user-management/http"
)

func TestIfMatch(t *testing.T) {
	three, zero := uint64(3), uint64(0)
	for name, c := range map[string]struct {
		values []string
		want   *uint64
		fault  bool
	}{
		"none":          {nil, nil, false},
		"any":           {[]string{"*"}, nil, false},
		"a revision":    {[]string{`"3"`}, &three, false},
		"the first":     {[]string{`"0"`}, &zero, false},
		"weak":          {[]string{`W/"3"`}, nil, true},
		"bare":          {[]string{`3`}, nil, true},
		"half quoted":   {[]string{`"3`}, nil, true},
		"empty":         {[]string{``}, nil, true},
		"empty tag":     {[]string{`""`}, nil, true},
		"negative":      {[]string{`"-1"`}, nil, true},
		"signed":        {[]string{`"+3"`}, nil, true},
		"leading zero":  {[]string{`"03"`}, nil, true},
		"not a number":  {[]string{`"abc"`}, nil, true},
		"beyond":        {[]string{`"9223372036854775808"`}, nil, true},
		"a list":        {[]string{`"3", "4"`}, nil, true},
		"two headers":   {[]string{`"3"`, `"3"`}, nil, true},
		"any and a tag": {[]string{`*, "3"`}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := amhttp.IfMatch(http.Header{"If-Match": c.values})
			if c.values == nil {
				got, err = amhttp.IfMatch(http.Header{})
			}
			if errors.Is(err, domain.ErrInvalid) != c.fault || !c.fault && err != nil {
				t.Fatalf("err = %v, want a fault: %v", err, c.fault)
			}
			if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestTraceparentIsTakenBySyntaxOnly(t *testing.T) {
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for text, ok := range map[string]bool{
		good:                               true,
		"01" + good[2:] + "-more":          true,
		"cc" + good[2:]:                    true,
		good + "-more":                     false, // version 00 ends here
		"01" + good[2:] + "x":              false,
		"ff" + good[2:]:                    false,
		strings.ToUpper(good):              false,
		good[:54]:                          false,
		strings.Replace(good, "-", "_", 1): false,
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": false,
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01": false,
		"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01": false,
		"01" + good[2:] + "-" + strings.Repeat("a", 200):          false,
		"": false,
	} {
		if got := amhttp.Traceparent(http.Header{"Traceparent": {text}}); (got == text) != ok && (ok || got != "") {
			t.Errorf("%q: got %q, want it taken: %v", text, got, ok)
		}
	}
	if got := amhttp.Traceparent(http.Header{"Traceparent": {good, good}}); got != "" {
		t.Errorf("two headers: got %q", got)
	}
}

func TestRequestIDIsTakenIfItCanStandInALog(t *testing.T) {
	for text, taken := range map[string]bool{
		"abc-123": true, strings.Repeat("x", 128): true, "a/b?c=d#e": true,
		"": false, strings.Repeat("x", 129): false, "two words": false, "line\nbreak": false, "é": false, "del\x7f": false,
	} {
		got := amhttp.RequestID(http.Header{"X-Request-Id": {text}})
		if (got == text) != taken {
			t.Errorf("%q: got %q, want it taken: %v", text, got, taken)
		}
		if got == "" {
			t.Errorf("%q: no id was made", text)
		}
	}
}

func TestClientIPIsTheSocketUnlessTheProxyIsTrusted(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		socket    string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		"a client":                         {"203.0.113.9:1234", nil, proxies, "203.0.113.9"},
		"a client that forges":             {"203.0.113.9:1234", []string{"198.51.100.1"}, proxies, "203.0.113.9"},
		"nobody is trusted by default":     {"127.0.0.1:1234", []string{"198.51.100.1"}, nil, "127.0.0.1"},
		"behind a proxy":                   {"10.1.1.1:1234", []string{"198.51.100.1"}, proxies, "198.51.100.1"},
		"behind two":                       {"10.1.1.1:1234", []string{"198.51.100.1, 10.2.2.2"}, proxies, "198.51.100.1"},
		"a forged hop before the real one": {"10.1.1.1:1234", []string{"192.0.2.66", "198.51.100.1"}, proxies, "198.51.100.1"},
		"a proxy that says nothing":        {"10.1.1.1:1234", nil, proxies, "10.1.1.1"},
		"a proxy that says nonsense":       {"10.1.1.1:1234", []string{"198.51.100.1, unknown"}, proxies, "10.1.1.1"},
		"IPv6":                             {"[2001:db8::1]:1234", nil, proxies, "2001:db8::1"},
		"IPv4 in IPv6":                     {"[::ffff:10.1.1.1]:1234", []string{"2001:db8::1"}, proxies, "2001:db8::1"},
		"a unix socket":                    {"@", []string{"198.51.100.1"}, proxies, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header["X-Forwarded-For"] = c.socket, c.forwarded
			if got := amhttp.ClientIP(r, c.trusted); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPreferredWait(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"wait=2": 2 * time.Second, "respond-async, wait=5": 5 * time.Second, `Wait = "7"`: 7 * time.Second, "wait=0": 0,
		"wait=3; foo=bar": 3 * time.Second, "wait=99": 99 * time.Second,
		"wait": -1, "wait=": -1, "wait=-1": -1, "wait=1.5": -1, "wait=soon": -1, "handling=lenient": -1, "": -1,
		"wait=99999999999999999999": -1,
	} {
		got, ok := amhttp.PreferredWait([]string{text})
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, ok, want)
		}
	}
}

func TestBearer(t *testing.T) {
	for name, c := range map[string]struct {
		values []string
		want   string
	}{
		"given":          {[]string{"Bearer abc"}, "abc"},
		"any case":       {[]string{"bEARER abc"}, "abc"},
		"none":           {nil, ""},
		"another scheme": {[]string{"Basic YTpi"}, ""},
		"no credential":  {[]string{"Bearer "}, ""},
		"no scheme":      {[]string{"abc"}, ""},
		"two headers":    {[]string{"Bearer abc", "Bearer abc"}, ""},
	} {
		if got := amhttp.Bearer(http.Header{"Authorization": c.values}); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
