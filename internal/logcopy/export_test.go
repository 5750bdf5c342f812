package logcopy

import "context"

// CopyEvents copies events as if a log had handed them out: one that was scavenged, say.
func CopyEvents(ctx context.Context, to *Log, o Options, events ...*Event) (Result, error) {
	source := &Reader{items: make(chan item, len(events)), cancel: func() {}}
	for _, event := range events {
		source.items <- item{event: event}
	}
	c := &copying{to: to, options: o}
	for range events {
		event, err := source.Next()
		if err != nil {
			return c.result, err
		}
		if !c.fits(event) {
			if err := c.flush(ctx); err != nil {
				return c.result, err
			}
		}
		c.run = append(c.run, event)
	}
	return c.result, c.flush(ctx)
}
