package store_test

import (
	"math"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

func metadataEvent(isJSON bool, data string) []store.Event {
	return []store.Event{{ID: store.ID(uuid.New()), Type: store.MetadataType, JSON: isJSON, Data: []byte(data)}}
}

// TestUnreadableMetadata: one known key of a wrong type makes EventStoreDB pass over the whole document.
func TestUnreadableMetadata(t *testing.T) {
	t.Parallel()
	for data, first := range map[string]int64{
		`{"$tb":2,"own":[null],"$tmp":true}`:                      2,
		`{"$tb":2,"$maxCount":0,"$maxAge":-1,"$cacheControl":-1}`: 2,
		`{"$tb":2,"$acl":{"$r":"a","$w":["a","b"],"$d":[]}}`:      2,
		`{"$tb":-1,"$maxCount":1}`:                                2,
		`{"$tb":2,"$maxCount":"3"}`:                               0,
		`{"$tb":2,"$maxAge":1.0}`:                                 0,
		`{"$tb":2,"$maxAge":null}`:                                0,
		`{"$tb":2,"$maxAge":922337203686}`:                        0,
		`{"$tb":9223372036854775808,"$maxCount":1}`:               0,
		`{"$tb":2,"$cacheControl":"x"}`:                           0,
		`{"$tb":2,"$tmp":1}`:                                      0,
		`{"$tb":2,"$acl":"$userStreamAcl"}`:                       0,
		`{"$tb":2,"$acl":{"$r":1}}`:                               0,
		`{"$tb":2,"$acl":{"$r":["a",null]}}`:                      0,
		`{"$tb":2,"$acl":{"x":"a"}}`:                              0,
	} {
		s := open(t, store.Options{Dir: "log", FS: vfs.NewMem()})
		mustAppend(t, s, "s", store.NoStream, newEvents(3))
		mustAppend(t, s, "$$s", store.NoStream, metadataEvent(true, data))
		if view, err := s.Stream(t.Context(), "s"); err != nil || view.First != first {
			t.Errorf("%s: visible from %d, want %d (%v)", data, view.First, first, err)
		}
	}
}

// TestMetadataOfARecreatedStream: all that changes in it is how much is hidden.
func TestMetadataOfARecreatedStream(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"$tb":9223372036854775807}`:                            `{"$tb":1}`,
		`{"own":1,"$tb":9223372036854775807,"<&>":[1, {"a":2}]}`: `{"own":1,"$tb":1,"<&>":[1,{"a":2}]}`,
	} {
		s := open(t, store.Options{Dir: "log", FS: vfs.NewMem()})
		mustAppend(t, s, "s", store.NoStream, newEvents(1))
		mustAppend(t, s, "$$s", store.NoStream, metadataEvent(true, data))
		mustAppend(t, s, "s", store.Any, newEvents(1))
		if got := metadataOf(t, s, 1); got != want {
			t.Errorf("%s became %s, want %s", data, got, want)
		}
	}
}

// TestMetadataOfADeletedStream: it lifts the deletion. Events stay hidden where it can say so.
func TestMetadataOfADeletedStream(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		isJSON  bool
		data    string
		want    string
		visible int64
	}{
		{isJSON: true, data: `{"own": 1}`, want: `{"own":1,"$tb":2}`, visible: 2},
		{isJSON: false, data: `{"own":1}`, want: `{"own":1,"$tb":2}`, visible: 2},
		{isJSON: true, data: `{"$acl":1,"$tb":7}`, want: `{"$acl":1,"$tb":2}`, visible: 0},
		{isJSON: true, data: `[1]`, visible: 0},
		{isJSON: true, data: `nope`, visible: 0},
	} {
		s := open(t, store.Options{Dir: "log", FS: vfs.NewMem()})
		mustAppend(t, s, "s", store.NoStream, newEvents(2))
		if _, err := s.Delete(t.Context(), "s", store.Any); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, s, "$$s", store.Any, metadataEvent(test.isJSON, test.data))
		if got := metadataOf(t, s, 2); got != test.want {
			t.Errorf("%s was followed by %q, want %q", test.data, got, test.want)
		}
		if view, err := s.Stream(t.Context(), "s"); err != nil || view.First != test.visible {
			t.Errorf("%s: visible from %d, want %d (%v)", test.data, view.First, test.visible, err)
		}
	}
}

// metadataOf returns the data of the stream's metadata event of a revision, nothing if there is none.
func metadataOf(t *testing.T, s *store.Store, revision int64) string {
	t.Helper()
	var page store.Page
	view, err := s.Stream(t.Context(), "$$s")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ReadStream(&page, view, revision, math.MaxInt64-1, false); err != nil {
		t.Fatal(err)
	}
	if len(page.Records) == 0 {
		return ""
	}
	return string(page.Records[0].Data)
}
