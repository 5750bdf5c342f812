package esdbstore

// Judge tells what an error of the client means: the rule, whether nothing was stored for sure, and whether the client
// is of no further use.
func Judge(err error) (final error, harmless, closed bool) {
	j := judge(err)
	return j.final, j.harmless, j.closed
}
