package http

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// beginSpan begins the request's span, as a child of the client's where it named one, and makes it the trace context
// that events and the log carry. Without a tracer the client's own context is handed on as it is.
func (s *Server) beginSpan(c *call) {
	if s.tracer == nil {
		return
	}
	request := c.Request()
	ctx := request.Context()
	var context propagation.TraceContext
	if c.traceparent != "" {
		ctx = context.Extract(ctx, propagation.MapCarrier{"traceparent": c.traceparent})
	}
	ctx, c.span = s.tracer.Start(ctx, request.Method, trace.WithSpanKind(trace.SpanKindServer))
	carrier := propagation.MapCarrier{}
	context.Inject(ctx, carrier)
	c.traceparent = carrier["traceparent"]
	c.SetRequest(request.WithContext(ctx))
}

// endSpan ends it under the route's name. It tells what the log tells: which route and how it went; not by whom, not
// with what.
func (c *call) endSpan(code string) {
	if c.span == nil {
		return
	}
	status := c.Response().Status
	c.span.SetAttributes(
		attribute.String("http.request.method", c.Request().Method), attribute.Int("http.response.status_code", status),
		attribute.String("request.id", c.requestID),
	)
	if c.route != nil {
		c.span.SetName(c.route.Method + " " + c.route.Path)
		c.span.SetAttributes(attribute.String("http.route", c.route.Path))
	}
	if code != "" {
		c.span.SetAttributes(attribute.String("error.type", code))
	}
	if status >= http.StatusInternalServerError {
		c.span.SetStatus(codes.Error, code)
	}
	c.span.End()
}
