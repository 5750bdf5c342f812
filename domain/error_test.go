package domain_test

import (
	"errors"
	"fmt"
	"testing"

	"am-user-management/domain"
)

func TestAnOccurrenceIsItsRule(t *testing.T) {
	full := &domain.Error{Kind: domain.Conflict, Code: "room.full", Title: "The room is full."}
	alike := &domain.Error{Kind: domain.Conflict, Code: "room.full", Title: "The room is full."}
	fault := domain.FieldError{Field: "seat", Message: "is taken"}
	for name, err := range map[string]error{
		"itself":      full,
		"with detail": full.WithDetail("seat 7"),
		"with fields": full.WithFields(fault),
		"with both":   full.WithFields(fault).WithDetail("seat 7"),
		"wrapped":     fmt.Errorf("booking: %w", full.WithDetail("seat 7")),
	} {
		if !errors.Is(err, full) {
			t.Errorf("%s: is not its rule", name)
		}
		if errors.Is(err, alike) {
			t.Errorf("%s: is another rule with the same code", name)
		}
	}
	if full.Detail != "" || full.Fields != nil {
		t.Error("an occurrence changed its rule")
	}
	both := full.WithFields(fault).WithDetail("seat 7")
	if both.Kind != domain.Conflict || both.Code != "room.full" || len(both.Fields) != 1 || both.Detail != "seat 7" {
		t.Errorf("%+v", both)
	}
}

func TestErrorText(t *testing.T) {
	full := &domain.Error{Code: "room.full", Title: "The room is full."}
	if got := full.Error(); got != "room.full: The room is full." {
		t.Error(got)
	}
	if got := full.WithDetail("seat 7").Error(); got != "room.full: seat 7" {
		t.Error(got)
	}
}
