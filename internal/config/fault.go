package config

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with one setting. Problem never quotes the value.
type Fault struct {
	Name    string // the environment variable
	Problem string
}

// InvalidError is every fault of a configuration, in the order of the settings.
type InvalidError struct{ Faults []Fault }

// Error is one line per fault, after a line that counts them.
func (e *InvalidError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "the configuration has %d fault(s):", len(e.Faults))
	for _, fault := range e.Faults {
		fmt.Fprintf(&text, "\n  %s: %s", fault.Name, fault.Problem)
	}
	return text.String()
}

// faults collects; a setting that is already faulty is not judged again.
type faults struct{ list []Fault }

func (f *faults) add(name, problem string) {
	if !f.has(name) {
		f.list = append(f.list, Fault{Name: name, Problem: problem})
	}
}

func (f *faults) check(ok bool, name, problem string) {
	if !ok {
		f.add(name, problem)
	}
}

func (f *faults) has(name string) bool {
	for _, fault := range f.list {
		if fault.Name == name {
			return true
		}
	}
	return false
}

func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return &InvalidError{Faults: f.list}
}
