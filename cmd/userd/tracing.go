package main

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"am-user-management/internal/config"
)

// newTracer sends a span per request to the collector that the settings name, in the background; without one it is nil.
// A collector that does not answer costs spans, never requests. stop sends what is left.
func newTracer(ctx context.Context, process config.Process) (tracer trace.Tracer, stop func() error, err error) {
	if process.OTelEndpoint == "" {
		return nil, func() error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(process.OTelEndpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", process.OTelServiceName))),
	)
	stop = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), probeTime)
		defer cancel()
		_ = provider.Shutdown(ctx) // a collector that is gone must not turn a clean stop into a failed one
		return nil
	}
	return provider.Tracer("am-user-management/http"), stop, nil
}
