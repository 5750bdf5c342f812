package feed

import (
	"context"
	"sync"

	"am-user-management/internal/eventstore"
)

// The limits of what a SharedLog remembers unless SharedOptions says otherwise.
const (
	DefaultRecentItems = 4096
	DefaultRecentBytes = 8 << 20
)

// SharedOptions bounds the memory of a SharedLog. The zero value is fit for use.
type SharedOptions struct {
	// RecentItems and RecentBytes are how much of the end of the log is remembered for followers that are a little
	// behind. One event that is larger is remembered alone.
	RecentItems, RecentBytes int
}

func (o SharedOptions) withDefaults() SharedOptions {
	if o.RecentItems <= 0 {
		o.RecentItems = DefaultRecentItems
	}
	if o.RecentBytes <= 0 {
		o.RecentBytes = DefaultRecentBytes
	}
	return o
}

// SharedLog is a Log that is followed by many and read once: all streams of topic All that have caught up live on one
// subscription of the log. A stream that is further behind than what is remembered, because it begins there or became
// too slow, has a subscription of its own until it has caught up; it never holds up the others. Every stream sees
// what it would see alone: every item after its position, once, in order.
//
// The one subscription begins at the head of the log with the first stream, and ends with the last. If it drops, the
// streams that live on it end with its error, others when they have caught up; streams that are opened then share a
// new one, which remembers nothing of what was before it.
type SharedLog struct {
	Log
	options SharedOptions

	mu      sync.Mutex
	current *reading // that a new stream joins; nil if there is none
}

var _ Log = (*SharedLog)(nil)

// NewSharedLog shares a log. Topics other than All are opened on the log itself.
func NewSharedLog(log Log, options SharedOptions) *SharedLog {
	return &SharedLog{Log: log, options: options.withDefaults()}
}

// Open follows a topic. Its errors are those of the log: when it is opened, and when its head is asked for.
func (l *SharedLog) Open(ctx context.Context, topic string, after eventstore.Position) (Stream, error) {
	if topic != All {
		return l.Log.Open(ctx, topic, after)
	}
	s := newSharedStream(ctx, l.Log, l.enter(), l.leave, after)
	if err := s.begin(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// enter joins the present reading, or begins one.
func (l *SharedLog) enter() *reading {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil {
		ctx, cancel := context.WithCancel(context.Background())
		r := newReading(l.options, cancel)
		l.current = r
		go func() {
			defer close(r.over)
			defer cancel()
			err := r.read(ctx, l.Log)
			l.forget(r) // before its streams end: who opens again finds another
			r.end(err)
		}()
	}
	l.current.streams++
	return l.current
}

// leave ends a reading that nobody follows any more, and waits for its end.
func (l *SharedLog) leave(r *reading) {
	l.mu.Lock()
	r.streams--
	last := r.streams == 0
	if last && l.current == r {
		l.current = nil
	}
	l.mu.Unlock()
	if last {
		r.cancel()
		<-r.over
	}
}

func (l *SharedLog) forget(r *reading) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == r {
		l.current = nil
	}
}
