package esdbstore_test

import (
	"testing"

	"am-user-management/internal/eventstore/esdbstore"
)

func TestAPlaceHasNoSecrets(t *testing.T) {
	for address, want := range map[string]string{
		"esdb://user:p%40ss@a:2113,b:2113?tls=false": "esdb://a:2113,b:2113",
		"esdb+discover://user:p@ss@a/?tls=false":     "esdb+discover://a",
		"esdb://a":                                   "esdb://a",
		"unix:/run/s":                                "unix:/run/s",
		"unix:///run/s":                              "unix:///run/s",
		"folder:/data":                               "folder:/data",
	} {
		if got := esdbstore.Place(address); got != want {
			t.Errorf("%s is shown as %s", address, got)
		}
	}
}
