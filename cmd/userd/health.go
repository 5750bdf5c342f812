package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	amhttp "am-user-management/http"
	"am-user-management/internal/feed"
)

// probeTime bounds one question to a dependency.
const probeTime = time.Second

// ready says what the service needs and whether it is there: Postgres, the event store, and every projection. The lag
// is taken against the store's own head, so a feed that stands still is seen even if nothing else notices.
func (a *assembly) ready(pool *pgxpool.Pool) func(context.Context) []amhttp.Check {
	return func(ctx context.Context) []amhttp.Check {
		ctx, cancel := context.WithTimeout(ctx, probeTime)
		defer cancel()
		checks := []amhttp.Check{{Name: "accepting"}, {Name: "postgres"}, {Name: "projections"}, {Name: "log"}}
		if a.draining.Load() {
			checks[0].Fault = "stopping"
		}
		if err := pool.Ping(ctx); err != nil {
			checks[1].Fault = err.Error()
		}
		statuses, err := a.feed.Status(ctx)
		if err != nil {
			checks[2].Fault = err.Error()
		}
		if err := a.feed.LogFault(); err != nil {
			checks[3].Fault = err.Error()
		}
		for _, status := range statuses {
			if status.NoRoom != "" {
				checks = append(checks, amhttp.Check{Name: "projection " + status.Projection, Fault: "waits for room: " + status.NoRoom})
			}
			if status.Halt != nil {
				checks = append(checks, amhttp.Check{
					Name:  "projection " + status.Projection,
					Fault: fmt.Sprintf("halted at event %s: %s", status.Halt.Event, status.Halt.Error),
				})
			}
		}
		return checks
	}
}

// feedMetrics shows how projections do.
type feedMetrics struct {
	feed                           *feed.Feed
	answers, otherLog              *prometheus.Desc
	lag, behind, halted, eventRate *prometheus.Desc
}

func newFeedMetrics(f *feed.Feed) *feedMetrics {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("userd_projection_"+name, help, []string{"projection"}, nil)
	}
	return &feedMetrics{
		feed: f,
		otherLog: prometheus.NewDesc("userd_log_differs",
			"1 if the event store is not the one that the read model was made from, or was restored to an earlier time.", nil, nil),
		answers:   prometheus.NewDesc("userd_projections_answer", "1 if the state of the projections could be found out.", nil, nil),
		lag:       describe("lag_positions", "Distance from the projection to the head of the log, in log positions."),
		behind:    describe("behind_seconds", "Age of the first event that the projection has not passed."),
		halted:    describe("halted", "1 if the projection stands still at an event it cannot apply."),
		eventRate: describe("events_per_second", "Events handled on this instance, over the last ten seconds."),
	}
}

// Describe lists the metrics.
func (m *feedMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{m.answers, m.otherLog, m.lag, m.behind, m.halted, m.eventRate} {
		to <- desc
	}
}

// Collect asks the feed. What does not answer in time shows no numbers: stale ones would look like good ones.
func (m *feedMetrics) Collect(to chan<- prometheus.Metric) {
	differs := 0.0
	if m.feed.LogFault() != nil {
		differs = 1
	}
	to <- prometheus.MustNewConstMetric(m.otherLog, prometheus.GaugeValue, differs)
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	statuses, err := m.feed.Status(ctx)
	if err != nil {
		to <- prometheus.MustNewConstMetric(m.answers, prometheus.GaugeValue, 0)
		return
	}
	to <- prometheus.MustNewConstMetric(m.answers, prometheus.GaugeValue, 1)
	for _, status := range statuses {
		halted := 0.0
		if status.Halt != nil {
			halted = 1
		}
		for desc, value := range map[*prometheus.Desc]float64{
			m.lag: float64(status.Lag), m.behind: status.SecondsBehind, m.halted: halted, m.eventRate: status.EventsPerSecond,
		} {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, status.Projection)
		}
	}
}
