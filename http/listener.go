package http

import (
	"log/slog"
	"net/http"
	"time"
)

// NewListener is an HTTP server with limits on what a client may take: time to send, bytes of headers, idleness. It
// is not started; its address is the caller's to choose.
func NewListener(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // headers and body
		WriteTimeout:      45 * time.Second, // reading the body, waiting for a view, the deadline, and writing
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    12 << 10, // net/http adds 4 KiB of its own: 16 KiB
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
