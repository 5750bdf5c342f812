package http_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"am-user-management/domain"
	amhttp "am-user-management/http"
)

func TestReadBodyTakesJSONOfSixtyFourKiB(t *testing.T) {
	full := strings.Repeat("x", 64<<10)
	for name, c := range map[string]struct {
		contentType []string
		encoding    []string
		body        string
		chunked     bool
		status      int
	}{
		"plain":              {[]string{"application/json"}, nil, "{}", false, 0},
		"with charset":       {[]string{"application/json; charset=UTF-8"}, nil, "{}", false, 0},
		"in capitals":        {[]string{"Application/JSON"}, nil, "{}", false, 0},
		"full":               {[]string{"application/json"}, nil, full, false, 0},
		"full, chunked":      {[]string{"application/json"}, nil, full, true, 0},
		"too large":          {[]string{"application/json"}, nil, full + "x", false, 413},
		"too large, chunked": {[]string{"application/json"}, nil, full + "x", true, 413},
		"no type":            {nil, nil, "{}", false, 415},
		"two types":          {[]string{"application/json", "application/json"}, nil, "{}", false, 415},
		"a form":             {[]string{"application/x-www-form-urlencoded"}, nil, "{}", false, 415},
		"text":               {[]string{"text/plain"}, nil, "{}", false, 415},
		"XML":                {[]string{"application/xml"}, nil, "{}", false, 415},
		"something like it":  {[]string{"application/json-seq"}, nil, "{}", false, 415},
		"another charset":    {[]string{"application/json; charset=latin1"}, nil, "{}", false, 415},
		"a broken type":      {[]string{"application/json; ="}, nil, "{}", false, 415},
		"compressed":         {[]string{"application/json"}, []string{"gzip"}, "{}", false, 415},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			if c.chunked {
				r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(c.body))
			}
			if c.contentType != nil {
				r.Header["Content-Type"] = c.contentType
			}
			if c.encoding != nil {
				r.Header["Content-Encoding"] = c.encoding
			}
			got, err := amhttp.ReadBody(httptest.NewRecorder(), r)
			if c.status == 0 {
				if err != nil || string(got) != c.body {
					t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(c.body))
				}
				return
			}
			if err == nil {
				t.Fatal("was taken")
			}
			if status, _ := amhttp.ProblemOf(err); status != c.status {
				t.Errorf("status = %d, want %d", status, c.status)
			}
		})
	}
}

func TestReadBodyThatBreaksOffIsTheClientsFault(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("{"), failing{}))
	r.Header.Set("Content-Type", "application/json")
	if _, err := amhttp.ReadBody(httptest.NewRecorder(), r); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("err = %v, want request.invalid", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
