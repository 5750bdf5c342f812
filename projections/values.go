package projections

import (
	"strings"
	"time"

	"am-user-management/domain"
)

// uuid is an id in the type that pgx sends fastest.
type uuid = [16]byte

// readable is a text as the database can hold it. Rules keep such text out today; an old event must not stop a
// projection all the same.
func readable(text string) string {
	const unreadable = "\uFFFD"
	return strings.ReplaceAll(strings.ToValidUTF8(text, unreadable), "\x00", unreadable)
}

// personal is a personal text, nil if it was never given, was cleared or was erased: readers see no difference.
func personal(p domain.Personal) *string {
	if p.Text() == "" {
		return nil
	}
	text := readable(p.Text())
	return &text
}

// readableAll is readable for each text, and never nil.
func readableAll(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = readable(text)
	}
	return all
}

// first keeps the time that was set first.
func first(field **time.Time, at time.Time) {
	if *field == nil {
		*field = &at
	}
}
