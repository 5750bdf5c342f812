package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	amhttp "am-user-management/http"
	"am-user-management/internal/clock"
	"am-user-management/internal/config"
)

const (
	// catchUpTime is how long a start waits for the views to catch up with the log.
	catchUpTime = 10 * time.Second
	// drainTime is how long a service that stops goes on taking requests: clients and balancers have to notice.
	drainTime = 500 * time.Millisecond
	// stopTime bounds how long it takes to finish what was begun.
	stopTime = 9 * time.Second
)

// surroundings are what `userd dev` brings along and `userd serve` finds in its settings.
type surroundings struct {
	// eventStore is shown in the ready line; so is postgres. They hold no secrets.
	eventStore, postgres string
	devMail              http.Handler
	// clock is what the service goes by; movable tells that clients may move it.
	clock   *clock.Clock
	movable bool
	// alone tells that the event store is in this process: whoever worked on its log before is gone.
	alone bool
	// failed tells that something that was brought along ended; nil if nothing was.
	failed <-chan error
}

// devClock is the clock for those who may move it, nil if nobody may.
func (s surroundings) devClock() *clock.Clock {
	if s.movable {
		return s.clock
	}
	return nil
}

// serve runs the service against the stores that the settings name.
func serve(ctx context.Context, c config.Config, log *slog.Logger, stdout io.Writer) error {
	return runService(ctx, c, surroundings{
		eventStore: hostsOf(c.Stores.EventStoreURL.Text()), postgres: hostsOf(c.Stores.DatabaseURL.Text()),
		clock: clock.New(time.Now),
	}, log, stdout)
}

// runService runs the service until ctx ends: first nothing new is taken, then what was begun is finished. It listens
// before it has anything to serve, so that whoever watches it learns that it is alive, and what it waits for.
func runService(ctx context.Context, c config.Config, around surroundings, log *slog.Logger, stdout io.Writer) (err error) {
	starting, err := amhttp.NewStarting(log, time.Now)
	if err != nil {
		return err
	}
	public, internal, err := listen(ctx, c.Process)
	if err != nil {
		return err
	}
	servers := []*http.Server{
		amhttp.NewListener(starting.Handler(amhttp.Public), log), amhttp.NewListener(starting.Handler(amhttp.Internal), log),
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for i, listener := range []net.Listener{public, internal} {
		group.Go(func() error {
			if err := servers[i].Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	parts, err := assemble(groupCtx, c, around, starting, log)
	if err != nil {
		if ctx.Err() != nil { // told to stop, so it waits no more: that is no failure
			err = nil
		}
		return errors.Join(err, servers[0].Close(), servers[1].Close(), group.Wait())
	}
	defer func() { err = errors.Join(err, parts.close()) }()

	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	group.Go(func() error { return parts.feed.Run(background) })
	group.Go(func() error { parts.server.Run(background); return nil })
	if err := parts.jobs.Start(background); err != nil {
		return errors.Join(err, servers[0].Close(), servers[1].Close())
	}
	starting.Become(parts.drained(parts.server.Public()), parts.server.Internal())
	group.Go(func() error {
		select {
		case err := <-around.failed:
			return err
		case <-groupCtx.Done():
			return nil
		}
	})
	group.Go(func() error {
		if parts.catchUp(groupCtx, log) {
			fmt.Fprintf(stdout, "ready http=%s internal=%s eventstore=%s postgres=%s\n",
				public.Addr(), internal.Addr(), around.eventStore, around.postgres)
		}
		<-groupCtx.Done()
		err := shutdown(parts, servers, log)
		stopBackground()
		return err
	})
	return group.Wait()
}

// catchUp waits until readers see what the log held when the service started: its last moments may have been lost by
// Postgres, but not by the log. A view that needs longer than catchUpTime, such as one that is made anew, is waited for
// no longer. It is false if ctx ended.
func (a *assembly) catchUp(ctx context.Context, log *slog.Logger) bool {
	select {
	case <-a.feed.Running():
	case <-ctx.Done():
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	statuses, err := a.feed.Status(bounded)
	for _, status := range statuses {
		if err == nil {
			_, err = a.feed.Positions().Wait(bounded, status.Projection, status.Head)
		}
	}
	if err != nil && ctx.Err() == nil {
		log.WarnContext(ctx, "ready before every view has caught up", "error", err)
	}
	return ctx.Err() == nil
}

// drained tells clients, while the service is stopping, to bring their next request to somebody else: a connection that
// is merely closed may be closed just when they send one.
func (a *assembly) drained(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// shutdown turns readiness red, sends clients away, stops taking requests, then jobs, and returns when what was begun
// has ended or stopTime is over.
func shutdown(parts *assembly, servers []*http.Server, log *slog.Logger) error {
	log.Info("stopping")
	parts.draining.Store(true)
	drain := time.NewTimer(drainTime)
	<-drain.C
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var failures []error
	for _, server := range servers {
		failures = append(failures, server.Shutdown(ctx))
	}
	return errors.Join(append(failures, parts.jobs.Stop(ctx))...)
}

func listen(ctx context.Context, process config.Process) (public, internal net.Listener, err error) {
	var lc net.ListenConfig
	if public, err = lc.Listen(ctx, "tcp", process.HTTPAddr); err != nil {
		return nil, nil, fmt.Errorf("HTTP_ADDR: %w", err)
	}
	if internal, err = lc.Listen(ctx, "tcp", process.InternalAddr); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("INTERNAL_ADDR: %w", err), public.Close())
	}
	return public, internal, nil
}
