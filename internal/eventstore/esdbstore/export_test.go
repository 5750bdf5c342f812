package esdbstore

// LogTo is where clients say something.
var LogTo = logTo

// Judge tells what an error of the client means: the rule, and whether nothing was stored for sure.
func Judge(err error) (harmless bool, final error) {
	j := judge(err)
	return j.harmless, j.final
}
