package http

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/readmodel"
)

// maxPrefix is as long as the longest e-mail address.
const maxPrefix = 254

// userParameters are those of the list of users.
func userParameters() []Parameter {
	return pageParameters(
		Parameter{Name: "prefix", About: "How the e-mail address, the first or the last name begins, or the whole name in either order; in upper or lower case.", Kind: ""},
		Parameter{Name: "status", About: "ACTIVE, INACTIVE or PENDING_VERIFICATION.", Kind: ""},
		Parameter{Name: "role", About: "A role that the users hold now, not by inheritance.", Kind: ""},
	)
}

// listUsers answers GET /users.
func (s *Server) listUsers(ctx context.Context, c *call) error {
	filter, limit, after, err := s.userPage(c)
	if err != nil {
		return err
	}
	if err := s.await(ctx, c); err != nil {
		return err
	}
	items, next, err := s.reader.Users(ctx, filter, s.clock(), after, limit)
	if err != nil {
		return err
	}
	answer := page[readmodel.User]{Items: items}
	if next != nil {
		cursor := s.userCursor(filter, *next)
		answer.NextCursor = &cursor
	}
	return c.answer(http.StatusOK, answer)
}

// userPage reads what to list.
func (s *Server) userPage(c *call) (filter readmodel.UserFilter, limit int, after readmodel.UserPlace, err error) {
	var faults domain.Faults
	query := c.query
	filter = readmodel.UserFilter{Prefix: query.Get("prefix"), Status: query.Get("status"), Role: query.Get("role")}
	faults.Add("prefix", domain.LineFault(filter.Prefix, maxPrefix))
	faults.Add("role", domain.LineFault(filter.Role, domain.MaxName))
	switch account.Status(filter.Status) {
	case "", account.Active, account.Inactive, account.PendingVerification:
	default:
		faults.Add("status", "must be ACTIVE, INACTIVE or PENDING_VERIFICATION")
	}
	limit = defaultLimit
	if query.Has("limit") {
		var fault string
		limit, fault = wholeNumber(query.Get("limit"), 1, mostItems)
		faults.Add("limit", fault)
	}
	if query.Has("cursor") {
		var ok bool
		if after, ok = s.userPlace(filter, query.Get("cursor")); !ok {
			faults.Add("cursor", "must be a next_cursor of this list with the same prefix, status and role")
		}
	}
	return filter, limit, after, faults.Err()
}

// Cursors of this list are the key of the filter, the user's id, and what the list is ordered by. The key keeps a
// cursor from going on in another list than the one that it came from.
const (
	filterKeySize = 16
	leastCursor   = filterKeySize + 16 + 1
)

func filterKey(f readmodel.UserFilter) []byte {
	// None of the texts has line breaks: see userPage.
	sum := sha256.Sum256([]byte("users\n" + f.Status + "\n" + f.Role + "\n" + f.Prefix))
	return sum[:filterKeySize]
}

func (s *Server) userCursor(f readmodel.UserFilter, place readmodel.UserPlace) string {
	plain := append(filterKey(f), place.ID[:]...)
	if f.Prefix == "" {
		return s.cursors.seal(binary.BigEndian.AppendUint64(plain, uint64(place.CreatedAt.UnixMicro())))
	}
	return s.cursors.seal(append(append(plain, stage(place)), place.Term...))
}

func (s *Server) userPlace(f readmodel.UserFilter, cursor string) (place readmodel.UserPlace, ok bool) {
	plain, ok := s.cursors.openAny(cursor)
	if !ok || len(plain) < leastCursor || !bytes.Equal(plain[:filterKeySize], filterKey(f)) {
		return place, false
	}
	place.ID = uuid.UUID(plain[filterKeySize : filterKeySize+16])
	by := plain[filterKeySize+16:]
	if f.Prefix == "" {
		place.CreatedAt = time.UnixMicro(int64(binary.BigEndian.Uint64(by))).UTC()
	} else {
		place.ByEmail, place.Term = by[0] == stage(readmodel.UserPlace{ByEmail: true}), string(by[1:])
	}
	return place, true
}

// stage tells those who are found by name from those who are found by e-mail address.
func stage(place readmodel.UserPlace) byte {
	if place.ByEmail {
		return 1
	}
	return 0
}

// account answers GET /users/{id}.
func (s *Server) account(ctx context.Context, c *call) error {
	view, err := s.namedAccount(ctx, c)
	if err != nil {
		return err
	}
	return c.answerEntity(view.Version.Revision, view.At(s.clock()))
}

// profile answers GET /users/{id}/profile.
func (s *Server) profile(ctx context.Context, c *call) error {
	view, err := s.namedProfile(ctx, c)
	if err != nil {
		return err
	}
	return c.answerEntity(view.Version.Revision, view)
}
