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
	// finished and skipped count events since then.
	finished, skipped int
	// at is when the time of the next one began.
	at time.Duration
	// timed tells that the next one is due for the time that has passed.
	timed bool
}

func (c *checkpoint) tick(settings *Settings, now time.Duration) {
	if c.finished == 0 {
		c.at = now
		return
	}
	if settings.CheckpointAfter > 0 && now-c.at >= settings.CheckpointAfter && c.finished >= int(settings.MinCheckpointCount) {
		c.timed = true
	}
}

func (c *checkpoint) due(settings *Settings, done int64) bool {
	if done <= c.written {
		return false
	}
	return c.timed || c.finished > 0 && c.finished >= int(settings.MaxCheckpointCount) || c.skipped >= skippedPerCheckpoint
}

// write takes note of a checkpoint that was written. What was finished meanwhile counts towards the next one.
func (c *checkpoint) write(written Write) {
	c.written, c.reported = written.Checkpoint, written.Checkpoint
	c.finished -= written.finished
	c.skipped -= written.skipped
	c.timed = false
}
