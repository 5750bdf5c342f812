package http

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// crossOrigin lets scripts of a few origins call the public listener: those that the operator named, letter by letter.
// Credentials are never allowed by the browser's own means: they are in a header that a script has to set.
func crossOrigin(origins []string) echo.MiddlewareFunc {
	return middleware.CORSWithConfig(middleware.CORSConfig{
		// A path that does not exist stays one that does not exist.
		Skipper: func(c echo.Context) bool {
			return c.Request().Method == http.MethodOptions && c.Get(echo.ContextKeyHeaderAllow) == nil
		},
		AllowOriginFunc: func(origin string) (bool, error) { return slices.Contains(origins, origin), nil },
		AllowHeaders: []string{
			"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Consistency-Token", "Prefer",
			"X-Request-Id", "Traceparent",
		},
		ExposeHeaders: []string{
			"Consistency-Token", "ETag", "Location", "Preference-Applied", "Projection-Position", "Retry-After", "X-Request-Id",
		},
		MaxAge: 600,
	})
}
