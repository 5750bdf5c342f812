package esdb_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

func fullMetadata() esdb.StreamMetadata {
	var acl esdb.Acl
	acl.AddReadRoles("r1", "r2")
	acl.AddWriteRoles("w")
	acl.AddDeleteRoles("d")
	acl.AddMetaReadRoles("mr")
	acl.AddMetaWriteRoles("mw")
	var metadata esdb.StreamMetadata
	metadata.SetMaxCount(5)
	metadata.SetMaxAge(90*time.Second + 700*time.Millisecond)
	metadata.SetTruncateBefore(math.MaxInt64)
	metadata.SetCacheControl(2 * time.Minute)
	metadata.SetAcl(acl)
	metadata.AddCustomProperty("mine", "x")
	metadata.AddCustomProperty("$theirs", "y")
	return metadata
}

func TestMetadataDocument(t *testing.T) {
	t.Parallel()
	text, err := fullMetadata().ToJson()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"$acl":{"$r":["r1","r2"],"$w":"w","$d":"d","$mr":"mr","$mw":"mw"},` +
		`"$cacheControl":120,"$maxAge":90,"$maxCount":5,"$tb":9223372036854775807,"mine":"x"}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestMetadataSurvivesTheRoundTrip(t *testing.T) {
	t.Parallel()
	text, err := fullMetadata().ToJson()
	if err != nil {
		t.Fatal(err)
	}
	got, err := esdb.StreamMetadataFromJson(text)
	if err != nil {
		t.Fatal(err)
	}
	if *got.MaxCount() != 5 || *got.MaxAge() != 90*time.Second || *got.TruncateBefore() != math.MaxInt64 ||
		*got.CacheControl() != 2*time.Minute || got.CustomProperty("mine") != "x" || len(got.CustomProperties()) != 1 {
		t.Errorf("got %s", text)
	}
	acl := got.StreamAcl()
	if acl == nil || !reflect.DeepEqual(acl.ReadRoles(), []string{"r1", "r2"}) || acl.WriteRoles()[0] != "w" ||
		acl.DeleteRoles()[0] != "d" || acl.MetaReadRoles()[0] != "mr" || acl.MetaWriteRoles()[0] != "mw" {
		t.Errorf("got %+v", acl)
	}
	if !reflect.DeepEqual(got.Acl(), *acl) {
		t.Errorf("Acl is %T", got.Acl())
	}
}

func TestAclTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{esdb.UserStreamAcl, esdb.SystemStreamAcl} {
		var metadata esdb.StreamMetadata
		metadata.SetAcl(text)
		document, err := metadata.ToJson()
		if err != nil {
			t.Fatal(err)
		}
		got, err := esdb.StreamMetadataFromJson(document)
		if err != nil {
			t.Fatal(err)
		}
		if got.StreamAcl() != nil || got.IsUserStreamAcl() != (text == esdb.UserStreamAcl) || got.IsSystemStreamAcl() != (text == esdb.SystemStreamAcl) {
			t.Errorf("%s: got %v", text, got.Acl())
		}
	}
	for _, acl := range []any{"other", 5} {
		var metadata esdb.StreamMetadata
		metadata.SetAcl(acl)
		if _, err := metadata.ToJson(); err == nil || asError(err) != nil {
			t.Errorf("%v: got %v, want a plain error", acl, err)
		}
	}
}

func TestUnreadableMetadata(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `[]`, `{"$maxCount":"x"}`, `{"$maxAge":1.5}`, `{"$acl":"other"}`, `{"$acl":5}`, `{"$acl":{"$r":5}}`} {
		if _, err := esdb.StreamMetadataFromJson([]byte(text)); err == nil {
			t.Errorf("accepted %s", text)
		}
	}
}

func TestSetStreamMetadataAppendsToTheMetastream(t *testing.T) {
	t.Parallel()
	var got []*streams.AppendReq
	client := connect(t, (&server{onAppend: func(requests []*streams.AppendReq) (*streams.AppendResp, error) {
		got = requests
		return appended(0), nil
	}}).start(t))
	opts := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}
	if _, err := client.SetStreamMetadata(within(t), "s", opts, fullMetadata()); err != nil {
		t.Fatal(err)
	}
	if name := string(got[0].GetOptions().GetStreamIdentifier().GetStreamName()); name != "$$s" || got[0].GetOptions().GetNoStream() == nil {
		t.Errorf("got options %v", got[0])
	}
	event := got[1].GetProposedMessage()
	if len(got) != 2 || event.GetMetadata()["type"] != "$metadata" || event.GetMetadata()["content-type"] != "application/json" ||
		!json.Valid(event.GetData()) {
		t.Errorf("got %v", got)
	}
	var wrong esdb.StreamMetadata
	wrong.SetAcl("other")
	if _, err := client.SetStreamMetadata(within(t), "s", opts, wrong); err == nil || asError(err) != nil {
		t.Errorf("got %v, want a plain error", err)
	}
}

func TestGetStreamMetadata(t *testing.T) {
	t.Parallel()
	document := func(text string) *streams.ReadResp {
		event := wireEvent(0)
		event.Data = []byte(text)
		return eventMessage(event, nil)
	}
	var seen *streams.ReadReq
	client := connect(t, answering(&seen, document(`{"$maxCount":7}`)).start(t))
	metadata, err := client.GetStreamMetadata(within(t), "s", esdb.ReadStreamOptions{})
	if err != nil || *metadata.MaxCount() != 7 {
		t.Errorf("got %v, %v", metadata, err)
	}
	if name := string(seen.GetOptions().GetStream().GetStreamIdentifier().GetStreamName()); name != "$$s" || seen.GetOptions().GetCount() != 1 {
		t.Errorf("asked %v", seen)
	}

	metadata, err = connect(t, answering(nil).start(t)).GetStreamMetadata(within(t), "s", esdb.ReadStreamOptions{})
	if err != nil || !reflect.DeepEqual(*metadata, esdb.StreamMetadata{}) {
		t.Errorf("nothing to read: got %v, %v", metadata, err)
	}

	_, err = connect(t, answering(nil, notFoundMessage()).start(t)).GetStreamMetadata(within(t), "s", esdb.ReadStreamOptions{})
	if _, own := esdb.FromError(err); own || codeOf(t, err) != esdb.ErrorCodeResourceNotFound {
		t.Errorf("never any: got %v, want ResourceNotFound, wrapped", err)
	}

	_, err = connect(t, answering(nil, document(`no json`)).start(t)).GetStreamMetadata(within(t), "s", esdb.ReadStreamOptions{})
	if own, ok := esdb.FromError(err); !ok || own.Code() != esdb.ErrorCodeParsing {
		t.Errorf("bad JSON: got %v, want a bare Parsing", err)
	}
}
