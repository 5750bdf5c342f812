package main

import (
	"strings"
	"sync"
	"time"
)

// zones knows the places of the IANA database. Those that were asked for are remembered: looking one up means to read
// and parse its file.
type zones struct{ known sync.Map }

// valid reports whether a name is one of the places, and not one of the files beside them that mean something else on
// every machine.
func (z *zones) valid(name string) bool {
	if _, known := z.known.Load(name); known {
		return true
	}
	switch first, _, _ := strings.Cut(name, "/"); first {
	case "Local", "localtime", "posixrules", "Factory", "posix", "right":
		return false
	}
	if _, err := time.LoadLocation(name); err != nil {
		return false
	}
	z.known.Store(name, nil)
	return true
}
