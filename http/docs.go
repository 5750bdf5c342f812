package http

import (
	"context"
	"crypto/sha256"
	_ "embed" // the page and its script are files
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"
)

//go:embed docs.html
var docsHTML []byte

//go:embed docs.js
var docsScript []byte

// document is the contract of a listener, ready to be sent.
type document struct {
	text []byte
	etag string
}

func newDocument(listener Listener, routes []Route) (document, error) {
	api, err := contract(listener, routes)
	if err != nil {
		return document{}, err
	}
	text, err := json.Marshal(api)
	if err != nil {
		return document{}, err
	}
	sum := sha256.Sum256(text)
	return document{text, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, nil
}

// cached lets clients keep what changes with the program only.
const cached = "public, max-age=300"

// openAPI answers GET /openapi.json.
func (s *Server) openAPI(_ context.Context, c *call) error {
	d := s.documents[c.route.Listener]
	header := c.Response().Header()
	c.set("Cache-Control", cached)
	c.set("Etag", d.etag)
	for tag := range strings.SplitSeq(c.Request().Header.Get("If-None-Match"), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == d.etag {
			return c.NoContent(http.StatusNotModified)
		}
	}
	header["Content-Type"] = jsonType
	c.Response().WriteHeader(http.StatusOK)
	_, err := c.Response().Write(d.text)
	return err
}

// docsPolicy lets the page load what this service sends, and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docs answers GET /docs: the contract, to look through and to try.
func (s *Server) docs(_ context.Context, c *call) error {
	c.set("Cache-Control", cached)
	c.set("Content-Security-Policy", docsPolicy)
	return c.HTMLBlob(http.StatusOK, docsHTML)
}

// mountDocs serves what the page loads: the viewer, which is part of the program, and the script that starts it.
func mountDocs(e *echo.Echo) {
	viewer := http.StripPrefix("/docs/", statigz.FileServer(static.FS))
	e.GET("/docs/:file", func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", cached)
		if c.Param("file") == "docs.js" {
			return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", docsScript)
		}
		switch c.Param("file") {
		case "swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png":
			viewer.ServeHTTP(c.Response(), c.Request())
			return nil
		}
		return echo.ErrNotFound
	})
}
