package persistent

// AllStream is what a subscription to the whole log names as its stream.
const AllStream = "$all"

const (
	definitionsStream = "$persistentSubscriptionConfig"
	definitionsType   = "$PersistentConfig"
	checkpointType    = "SubscriptionCheckpoint"

	// keepTwo is the metadata of the stream of definitions, of which the last event counts.
	keepTwo = `{"$maxCount":2}`

	metastreamPrefix = "$$"

	// systemUser is whom a node that asks nobody takes every caller for.
	systemUser = "system"
)

// ID is the name by which a consumer's connection to a group is confirmed.
func ID(stream, group string) string { return stream + "::" + group }

func checkpointStream(stream, group string) string {
	return "$persistentsubscription-" + ID(stream, group) + "-checkpoint"
}

func parkedStream(stream, group string) string {
	return "$persistentsubscription-" + ID(stream, group) + "-parked"
}
