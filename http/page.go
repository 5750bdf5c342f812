package http

import (
	"slices"
	"strconv"
	"strings"
)

// page is one page of a list. NextCursor is nil on the last one.
type page[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

const (
	defaultLimit = 50
	mostItems    = 200
)

// pageParameters are those of every list.
func pageParameters(more ...Parameter) []Parameter {
	return append(more,
		Parameter{Name: "limit", About: "How many items at most: 1 to 200, 50 unless given.", Kind: 0},
		Parameter{Name: "cursor", About: "The next_cursor of the page before.", Kind: ""})
}

// limit is how many items a page may have.
func (c *call) limit() (int, error) {
	if !c.query.Has("limit") {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(c.query.Get("limit"))
	if err != nil || limit < 1 || limit > mostItems {
		return 0, invalid("limit", "must be a whole number from 1 to "+strconv.Itoa(mostItems))
	}
	return limit, nil
}

// place is where a page of a list begins that is short enough to be read whole.
type place struct {
	list  string // no other list goes on at its cursors
	limit int
	after *string // nil at the beginning
}

// shortPlace reads the place that a request asks for.
func (s *Server) shortPlace(c *call) (at place, err error) {
	at.list = c.Request().URL.Path + "\n"
	if at.limit, err = c.limit(); err != nil || !c.query.Has("cursor") {
		return at, err
	}
	plain, ok := s.cursors.openAny(c.query.Get("cursor"))
	after, here := strings.CutPrefix(string(plain), at.list)
	if !ok || !here {
		return at, invalid("cursor", "must be a next_cursor of this list")
	}
	at.after = &after
	return at, nil
}

// shortPage is the page at a place. key is the text that the list is ordered by; no two items have the same.
func shortPage[T any](s *Server, at place, items []T, key func(T) string) page[T] {
	slices.SortFunc(items, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if at.after != nil {
		next := slices.IndexFunc(items, func(item T) bool { return key(item) > *at.after })
		if next < 0 {
			next = len(items)
		}
		items = items[next:]
	}
	answer := page[T]{Items: items}
	if len(items) > at.limit {
		answer.Items = items[:at.limit]
		cursor := s.cursors.seal([]byte(at.list + key(items[at.limit-1])))
		answer.NextCursor = &cursor
	}
	return answer
}
