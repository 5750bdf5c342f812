package esdbstore

// Judge tells what an error of the client means: the rule, whether nothing was stored for sure, and whether the client
// is of no further use.
func Judge(err error) (harmless, closed bool, final error) {
	j := judge(err)
	return j.harmless, j.closed, j.final
}
