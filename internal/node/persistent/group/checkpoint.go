package group

import "time"

// skippedPerCheckpoint is how many events that are not for the group are worth a checkpoint, lest they be read again
// after a restart.
const skippedPerCheckpoint = 1000

// checkpoint tells when progress is to be written down.
type checkpoint struct {
	// written is the number up to which everything is known to be done after a restart, reported that of the last
	// checkpoint, -1 if there is none.
	written, reported int64
	// place is how many of the events that were read the last one covers; skipped counts events since then.
	place   int64
	skipped int
	// now is the time of what happened last, at that of the last one, if there has been one since the group was loaded.
	now, at time.Duration
	begun   bool
	// timed tells that the next one is due for the time that has passed.
	timed bool
}

// tick makes one due when its time has come and there is enough to tell, which the first need not wait for.
func (c *checkpoint) tick(settings *Settings, place int64, now time.Duration) {
	c.now = now
	if settings.CheckpointAfter <= 0 || c.begun && now-c.at < settings.CheckpointAfter {
		return
	}
	if place > c.place && place-c.place >= int64(settings.MinCheckpointCount) {
		c.timed = true
	}
}

func (c *checkpoint) due(settings *Settings, done, place int64) bool {
	if done <= c.written {
		return false
	}
	return c.timed || place > c.place && place-c.place >= int64(settings.MaxCheckpointCount) || c.skipped >= skippedPerCheckpoint
}

// write takes note of a checkpoint that was written. What was finished meanwhile counts towards the next one.
func (c *checkpoint) write(written Write) {
	c.written, c.reported = written.Checkpoint, written.Checkpoint
	c.place = written.place
	c.skipped -= written.skipped
	c.begun, c.at = true, c.now
	c.timed = false
}
