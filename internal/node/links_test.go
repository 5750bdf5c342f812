package node_test

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"

	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/node/store"
)

// TestTargetsOfLinks: what begins with a number is a link, whether or not it leads anywhere.
func TestTargetsOfLinks(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 3)
	for data, want := range map[string]string{
		"1@s":   "1@s by 0",
		" 1 @s": "1@s by 0",
		"+1@s":  "1@s by 0",
		"-1@s":  "2@s by 0", // the last
		"-1@x":  "link 0",
		"-2@s":  "link 0",
		"3@s":   "link 0",
		"1":     "link 0",
		"1@":    "link 0",
	} {
		links := "links " + data
		follows(t, n, links, data, want)
	}
	for _, data := range []string{"", "@s", "x@s", "1.0@s"} {
		links := "links " + data
		follows(t, n, links, data, "0@"+links)
	}
}

// TestLinksToNowhereAsTheyCome: who follows a stream gets as a link alone what a reader gets as an event.
func TestLinksToNowhereAsTheyCome(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 1)
	links := func() {
		t.Helper()
		events := storeEvents(2, 0)
		for i, data := range []string{"rubbish", "0@s"} {
			events[i].Type, events[i].Data = store.LinkType, []byte(data)
		}
		if _, err := n.Node().Append(t.Context(), "links", store.Any, events); err != nil {
			t.Fatal(err)
		}
	}
	links()
	stream, all := subscribed(readStream("links")), subscribed(withoutSystemEvents(readAll(0)))
	all.GetFilter().GetEventType().Regex = `^\$>$`
	for _, options := range []*streams.ReadReq_Options{stream, all} {
		options.ResolveLinks = true
	}
	ofStream, ofAll := read(t, n, stream), read(t, n, all)
	ofStream.hears("confirmed", "0@links", "0@s by 1", "caught up")
	ofAll.hears("confirmed", "0@links", "0@s by 1", "caught up")
	links()
	for _, subscriber := range []*conversation{ofStream, ofAll} {
		subscriber.hears("link 2", "0@s by 3")
	}
}

// follows appends a link with that data to a stream and expects to read it so.
func follows(t *testing.T, n *nodetest.Node, stream, data, want string) {
	t.Helper()
	link := store.Event{ID: store.ID(uuid.New()), Type: store.LinkType, Data: []byte(data)}
	if _, err := n.Node().Append(t.Context(), stream, store.NoStream, []store.Event{link}); err != nil {
		t.Fatal(err)
	}
	options := readStream(stream)
	options.ResolveLinks = true
	read(t, n, options).hears(want, "last 0", "end")
}
