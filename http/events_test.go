package http_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	amhttp "am-user-management/http"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

// stored is the house's store as a feed reads it.
type stored struct{ h *house }

func (s stored) Head(context.Context) (eventstore.Position, error) {
	all := s.h.log.Log()
	if len(all) == 0 {
		return eventstore.Position{}, nil
	}
	return all[len(all)-1].Position, nil
}

func (s stored) Open(ctx context.Context, _ string, after eventstore.Position) (feed.Stream, error) {
	return &storedStream{s, ctx, after}, nil
}

type storedStream struct {
	stored
	ctx   context.Context
	after eventstore.Position
}

func (s *storedStream) Recv() (feed.Item, error) {
	for _, record := range s.h.log.Log() {
		if s.after.Less(record.Position) {
			s.after = record.Position
			return feed.Item{At: record.Position, Event: record, HasEvent: true}, nil
		}
	}
	<-s.ctx.Done()
	return feed.Item{}, s.ctx.Err()
}

func (s *storedStream) Close() {}

// impatient is the most that a request for changes waits: not at all.
const impatient = 0

func newHouseWithChanges(t *testing.T, patience time.Duration) *house {
	t.Helper()
	follow := &stored{}
	h := newHouse(t, func(d *amhttp.Deps) { d.Changes = changes{follow, patience} })
	follow.h = h
	return h
}

// changes decodes with the house's codec, which exists after the house.
type changes struct {
	log      *stored
	patience time.Duration
}

func (c changes) Read(ctx context.Context, after eventstore.Position, wanted func(string) bool, limit int, wait time.Duration,
) ([]eventstore.Envelope, eventstore.Position, error) {
	return feed.NewChanges(c.log, c.log.h.codec).Read(ctx, after, wanted, limit, min(wait, c.patience))
}

func (h *house) changes(query string) answer {
	h.t.Helper()
	return h.send(h.server.Internal(), http.MethodGet, "/internal/v1/events"+query, "", "Authorization", "Bearer "+serviceKey)
}

func TestServicesFollowAllChangesInOrder(t *testing.T) {
	h := newHouseWithChanges(t, time.Minute)
	h.loggedIn()
	var types []string
	cursor := ""
	for range 20 {
		got := h.changes("?limit=2" + cursor).want(http.StatusOK)
		cursor = "&after=" + got.string("next_cursor")
		var page struct {
			Items []struct {
				Type string
				Data json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(got.text), &page); err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			types = append(types, item.Type)
			for _, hidden := range []string{"hash of", "secret_hash"} {
				if strings.Contains(string(item.Data), hidden) {
					t.Errorf("%s shows %s: %s", item.Type, hidden, item.Data)
				}
			}
		}
	}
	want := "account.user_created.v1 account.email_verification_requested.v1 account.email_verified.v1 " +
		"profile.profile_created.v1 subscription.trial_started.v1"
	if got := strings.Join(types, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestServicesChooseWhatTheyFollow(t *testing.T) {
	h := newHouseWithChanges(t, time.Minute)
	h.loggedIn()
	got := h.changes("?types=profile.,account.user_created.v1").want(http.StatusOK)
	if strings.Count(got.text, `"type":"`) != 2 || !strings.Contains(got.text, `"first_name":"Ada"`) {
		t.Error(got.text)
	}
	h.changes("?types=session.").field("types")
	h.changes("?types=account.,").field("types")
	h.changes("?limit=0").field("limit")
	h.changes("?wait=11").field("wait")
	h.changes("?after=junk").field("after")
	h.changes("?after=").field("after")
}

func TestAConsistencyTokenIsAPlaceToFollowFrom(t *testing.T) {
	h := newHouseWithChanges(t, time.Minute)
	bearer := h.loggedIn()
	token := h.call(http.MethodPatch, "/profile", `{"bio":"one"}`, "Authorization", bearer).want(http.StatusOK).header.Get("Consistency-Token")
	h.call(http.MethodPatch, "/profile", `{"bio":"two"}`, "Authorization", bearer).want(http.StatusOK)
	got := h.changes("?after=" + token).want(http.StatusOK)
	if !strings.Contains(got.text, `"bio":"two"`) || strings.Contains(got.text, `"bio":"one"`) {
		t.Error(got.text)
	}
}
