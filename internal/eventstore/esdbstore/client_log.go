package esdbstore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// warnPause is how long the client's next warning waits for the one before it.
const warnPause = 5 * time.Second

var levels = map[esdb.LogLevel]slog.Level{
	esdb.LogDebug: slog.LevelDebug, esdb.LogInfo: slog.LevelInfo, esdb.LogWarn: slog.LevelWarn, esdb.LogError: slog.LevelError,
}

func logTo(logger *slog.Logger) esdb.LoggingFunc {
	if logger == nil {
		return esdb.NoopLogging()
	}
	return (&clientLog{logger: logger}).say
}

// clientLog passes on what clients have to say. Of warnings it leaves out those that come too soon after another, and
// tells how many those were: while no node answers there are ten a second, for each address.
type clientLog struct {
	logger *slog.Logger

	mu      sync.Mutex
	quiet   bool // a warning was passed on within the pause
	leftOut int
}

func (l *clientLog) say(level esdb.LogLevel, format string, args ...any) {
	ctx := context.Background()
	if !l.logger.Enabled(ctx, levels[level]) {
		return
	}
	leftOut := 0
	if level == esdb.LogWarn {
		pass := false
		if leftOut, pass = l.warn(); !pass {
			return
		}
	}
	attributes := []slog.Attr{slog.String("detail", fmt.Sprintf(format, args...))}
	if leftOut > 0 {
		attributes = append(attributes, slog.Int("left_out_before", leftOut))
	}
	l.logger.LogAttrs(ctx, levels[level], "event store client", attributes...)
}

// warn tells whether a warning is to be passed on, and how many were not since the one before.
func (l *clientLog) warn() (leftOut int, pass bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.quiet {
		l.leftOut++
		return 0, false
	}
	leftOut, l.quiet, l.leftOut = l.leftOut, true, 0
	time.AfterFunc(warnPause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.quiet = false
	})
	return leftOut, true
}
