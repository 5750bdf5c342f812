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
	limit, fault := wholeNumber(c.query.Get("limit"), 1, mostItems)
	if fault != "" {
		return 0, invalid("limit", fault)
	}
	return limit, nil
}

// wholeNumber reads a parameter of the query. fault says what is wrong with it.
func wholeNumber(text string, least, most int) (n int, fault string) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, "must be a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
	}
	return n, ""
}

// pageOf is a page of so many of the items, with a cursor to go on at where there are more. cursor is an item's place in the
// list.
func pageOf[T any](s *Server, items []T, limit int, cursor func(T) []byte) page[T] {
	if len(items) <= limit {
		return page[T]{Items: items}
	}
	next := s.cursors.seal(cursor(items[limit-1]))
	return page[T]{Items: items[:limit], NextCursor: &next}
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
	return pageOf(s, items, at.limit, func(item T) []byte { return []byte(at.list + key(item)) })
}
