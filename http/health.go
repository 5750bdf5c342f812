package http

import (
	"context"
	"net/http"
)

// Check is one thing that the service needs.
type Check struct {
	Name string `json:"name"`
	// Fault says why it is not there; empty if it is. It is shown on the internal listener only.
	Fault string `json:"fault,omitempty"`
}

type health struct {
	Status string  `json:"status"`
	Checks []Check `json:"checks,omitempty"`
}

// healthz answers GET /healthz: the process is alive, whatever it depends on.
func (s *Server) healthz(_ context.Context, c *call) error {
	return c.answer(http.StatusOK, health{Status: "ok"})
}

// readyz answers GET /readyz: whether to send requests here, and if not, why.
func (s *Server) readyz(ctx context.Context, c *call) error {
	answer, status := health{Status: "ready"}, http.StatusOK
	if s.ready != nil {
		answer.Checks = s.ready(ctx)
	}
	for _, check := range answer.Checks {
		if check.Fault != "" {
			answer.Status, status = "not ready", http.StatusServiceUnavailable
		}
	}
	return c.answer(status, answer)
}
