//go:build unix && !linux

package postgres

// freeBytes knows nothing: each of these systems has its own way to ask.
func freeBytes(string) (free uint64, ok bool) { return 0, false }
