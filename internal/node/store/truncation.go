package store

import "time"

// expired tells whether an event created at the given ticks is older than the stream's maximum age.
func (c cut) expired(created int64, now time.Time) bool {
	if c.maxAge <= 0 {
		return false
	}
	nowTicks := ticksOf(now)
	if c.maxAge > nowTicks/ticksPerSecond {
		return false
	}
	return created < nowTicks-c.maxAge*ticksPerSecond
}
