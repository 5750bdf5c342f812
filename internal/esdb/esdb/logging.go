package esdb

import "log"

// LogLevel is the weight of a log line.
type LogLevel = string

// The levels a LoggingFunc is called with.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// LoggingFunc takes the client's log lines. nil is silent.
type LoggingFunc = func(level LogLevel, format string, args ...interface{})

// ConsoleLogging writes to the standard logger.
func ConsoleLogging() LoggingFunc {
	return func(level LogLevel, format string, args ...interface{}) {
		log.Printf("["+level+"] "+format, args...)
	}
}

// NoopLogging is silent.
func NoopLogging() LoggingFunc {
	return func(LogLevel, string, ...interface{}) {}
}
