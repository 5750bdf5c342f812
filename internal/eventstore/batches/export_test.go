package batches

import "time"

// TryFor has appends of the client given up after that time.
func (c *Client) TryFor(patience time.Duration) { c.patience = patience }

// LargestAppend is the size from which on appends are not tried.
const LargestAppend = largestAppend
