package profile_test

import (
	"strings"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/profile"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[profile.State, profile.Event]
	Event = profile.Event
)

var (
	ann     = domain.ID{1}
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	created = profile.ProfileCreated{
		UserID: ann, FirstName: domain.NewPersonal("Ann"), LastName: domain.NewPersonal("Lee"),
		Timezone: "Europe/Vienna", Locale: "de", CreatedAt: noon,
	}
)

func text(s string) *domain.Personal {
	personal := domain.NewPersonal(s)
	return &personal
}

func update(patch profile.Patch) profile.Update {
	return profile.Update{
		UserID: ann, Patch: patch, Now: noon.Add(time.Hour),
		Limits: profile.Limits{
			MaxBio: 10, PictureFormats: []string{"jpg", "png"},
			ValidZone: func(name string) bool { return name != "Europe/Atlantis" },
		},
	}
}

func updated(change func(*profile.ProfileUpdated)) profile.ProfileUpdated {
	event := profile.ProfileUpdated{UserID: ann, UpdatedAt: noon.Add(time.Hour)}
	change(&event)
	return event
}

func TestCreate(t *testing.T) {
	command := profile.Create{
		UserID: ann, FirstName: created.FirstName, LastName: created.LastName,
		Timezone: "Europe/Vienna", Locale: "de", Now: noon,
	}
	estest.Run(t, profile.Events, map[string]Case{
		"opens a profile": {When: command, Then: []Event{created}},
		"opens it once":   {Given: []Event{created}, When: command},
	})
}

func TestUpdate(t *testing.T) {
	zone, locale, none := "America/New_York", "en-US", ""
	bio := updated(func(e *profile.ProfileUpdated) { e.Bio = text("né\tà\n☕") })
	team := updated(func(e *profile.ProfileUpdated) { e.Metadata = domain.NewPersonal(`{"team":{"id":7}}`) })
	cleared := updated(func(e *profile.ProfileUpdated) { e.Metadata = domain.NewPersonal("null") })
	url := strings.Repeat("a", 2048-len("https://h/.jpg"))
	deepest := `{"a":` + strings.Repeat("[", 14) + "{" + numbered(49) + "}" + strings.Repeat("]", 14) + "}"
	longest := "https://h/" + url + ".jpg"

	estest.Run(t, profile.Events, map[string]Case{
		"changes every field": {
			Given: []Event{created},
			When: update(profile.Patch{
				FirstName: text("Anna"), LastName: text("Li"), Bio: text("hi"), PictureURL: text("https://x.org/a.PNG?v=1"),
				Timezone: &zone, Locale: &locale, Metadata: []byte(` { "b" : 1.50, "a" : null, "c": [0.0, 0e-999, -1e308] } `),
			}),
			Then: []Event{updated(func(e *profile.ProfileUpdated) {
				e.FirstName, e.LastName, e.Bio = text("Anna"), text("Li"), text("hi")
				e.PictureURL, e.Timezone, e.Locale = text("https://x.org/a.PNG?v=1"), &zone, &locale
				e.Metadata = domain.NewPersonal(`{"a":null,"b":1.50,"c":[0.0,0e-999,-1e308]}`)
			})},
		},
		"tells only what changes": {
			Given: []Event{created},
			When:  update(profile.Patch{FirstName: text("Ann"), LastName: text("Li")}),
			Then:  []Event{updated(func(e *profile.ProfileUpdated) { e.LastName = text("Li") })},
		},
		"clears a field": {
			Given: []Event{created}, When: update(profile.Patch{LastName: text(""), Timezone: &none}),
			Then: []Event{updated(func(e *profile.ProfileUpdated) { e.LastName, e.Timezone = text(""), &none })},
		},
		"counts a bio in characters and takes its lines": {
			Given: []Event{created}, When: update(profile.Patch{Bio: text("né\tà\n☕")}), Then: []Event{bio},
		},
		"takes the longest picture URL": {
			Given: []Event{created}, When: update(profile.Patch{PictureURL: text(longest)}),
			Then: []Event{updated(func(e *profile.ProfileUpdated) { e.PictureURL = text(longest) })},
		},
		"takes both names of a format": {
			Given: []Event{created}, When: update(profile.Patch{PictureURL: text("https://x.org/a.jpeg")}),
			Then: []Event{updated(func(e *profile.ProfileUpdated) { e.PictureURL = text("https://x.org/a.jpeg") })},
		},
		"replaces a field that was erased": {
			Given: []Event{created, updated(func(e *profile.ProfileUpdated) { e.Bio = erased() })},
			When:  update(profile.Patch{Bio: text("")}),
			Then:  []Event{updated(func(e *profile.ProfileUpdated) { e.Bio = text("") })},
		},
		"clears the metadata": {
			Given: []Event{created, team}, When: update(profile.Patch{Metadata: []byte("null")}), Then: []Event{cleared},
		},

		"takes metadata of 16 levels and 50 keys": {
			Given: []Event{created}, When: update(profile.Patch{Metadata: []byte(deepest)}),
			Then: []Event{updated(func(e *profile.ProfileUpdated) { e.Metadata = domain.NewPersonal(deepest) })},
		},

		"has nothing to do without a patch":      {Given: []Event{created}, When: update(profile.Patch{})},
		"has nothing to do for the same name":    {Given: []Event{created}, When: update(profile.Patch{FirstName: text("Ann")})},
		"has nothing to do for the same data":    {Given: []Event{created, team}, When: update(profile.Patch{Metadata: []byte(`{"team":{ "id":7}}`)})},
		"has nothing to remove":                  {Given: []Event{created, team}, When: update(profile.Patch{Metadata: []byte(`{"x":null}`)})},
		"has nothing to clear":                   {Given: []Event{created}, When: update(profile.Patch{Metadata: []byte(`null`)})},
		"has nothing to do for an empty patch":   {Given: []Event{created, team}, When: update(profile.Patch{Metadata: []byte(`{}`)})},
		"needs a profile":                        {When: update(profile.Patch{Bio: text("hi")}), Err: profile.ErrNotFound},
		"needs a profile, whatever is the patch": {When: update(profile.Patch{}), Err: profile.ErrNotFound},
	})
}

func erased() *domain.Personal {
	personal := domain.ErasedPersonal()
	return &personal
}

func TestUpdateRefuses(t *testing.T) {
	cases := make(map[string]Case)
	refuse := func(name, field string, patch profile.Patch) {
		cases[name] = Case{Given: []Event{created}, When: update(patch), Err: domain.ErrInvalid, Fields: []string{field}}
	}
	picture := func(name, url string) { refuse(name, "picture_url", profile.Patch{PictureURL: text(url)}) }
	metadata := func(name, json string) { refuse(name, "metadata", profile.Patch{Metadata: []byte(json)}) }
	atlantis, odd := "Europe/Atlantis", "e"

	refuse("a name of two lines", "first_name", profile.Patch{FirstName: text("a\nb")})
	refuse("a name with NUL", "last_name", profile.Patch{LastName: text("a\x00")})
	refuse("a bio of 11 characters", "bio", profile.Patch{Bio: text("12345678901")})
	refuse("a bio that turns its direction", "bio", profile.Patch{Bio: text("\u202eoib")})
	refuse("a bio that is not UTF-8", "bio", profile.Patch{Bio: text("\xff")})
	refuse("an unknown time zone", "timezone", profile.Patch{Timezone: &atlantis})
	refuse("an odd locale", "locale", profile.Patch{Locale: &odd})

	picture("a picture over http", "http://x.org/a.png")
	picture("a picture from anywhere", "//x.org/a.png")
	picture("a picture as data", "data:image/png;base64,aaaa")
	picture("a picture by script", "javascript:alert(1)//a.png")
	picture("a picture without host", "https:///a.png")
	picture("a picture at a port without host", "https://:443/a.png")
	picture("a picture with a user", "https://ann@x.org/a.png")
	picture("a picture with a password", "https://ann:pw@x.org/a.png")
	picture("a picture of another format", "https://x.org/a.svg")
	picture("a picture of no format", "https://x.org/a")
	picture("a picture whose query names the format", "https://x.org/a.svg?.png")
	picture("a picture whose fragment names the format", "https://x.org/a.svg#.png")
	picture("a picture with a space", "https://x.org/a b.png")
	picture("a picture with a backslash", `https://x.org\@y.org/a.png`)
	picture("a picture with an odd escape", "https://x.org/%zz.png")
	picture("a URL of 2049 characters", "https://h/"+strings.Repeat("a", 2049-len("https://h/.jpg"))+".jpg")

	metadata("metadata that is a list", `[]`)
	metadata("metadata that is text", `"a"`)
	metadata("metadata that is no JSON", `{"a":}`)
	metadata("two values", `{} {}`)
	metadata("metadata that is not UTF-8", "{\"a\":\"\xff\"}")
	metadata("an empty key", `{"":1}`)
	metadata("a long key", `{"`+strings.Repeat("a", 65)+`":1}`)
	metadata("a key with a line break", `{"a\n":1}`)
	metadata("NUL in a text", `{"a":["\u0000"]}`)
	metadata("a turned text within", `{"a":{"b":"\u202e"}}`)
	metadata("a number beyond all bounds", `{"a":1e400}`)
	metadata("a number next to nothing", `{"a":1e-400}`)
	metadata("a number of 65 digits", `{"a":`+strings.Repeat("1", 65)+`}`)
	metadata("17 levels", `{"a":`+strings.Repeat("[", 16)+strings.Repeat("]", 16)+`}`)
	metadata("51 keys", `{"a":[{`+numbered(50)+`}]}`)
	metadata("more than 16 KiB", `{"a":"`+strings.Repeat("a", 16<<10)+`"}`)
	cases["51 keys in two patches"] = Case{
		Given: []Event{created, updated(func(e *profile.ProfileUpdated) {
			e.Metadata = domain.NewPersonal("{" + numbered(50) + "}")
		})},
		When: update(profile.Patch{Metadata: []byte(`{"a":1}`)}), Err: domain.ErrInvalid, Fields: []string{"metadata"},
	}
	cases["more than 16 KiB in two patches"] = Case{
		Given: []Event{created, updated(func(e *profile.ProfileUpdated) {
			e.Metadata = domain.NewPersonal(`{"a":"` + strings.Repeat("a", 10<<10) + `"}`)
		})},
		When: update(profile.Patch{Metadata: []byte(`{"b":"` + strings.Repeat("a", 10<<10) + `"}`)}),
		Err:  domain.ErrInvalid, Fields: []string{"metadata"},
	}
	cases["every faulty field at once"] = Case{
		Given: []Event{created}, When: update(profile.Patch{FirstName: text("\x00"), Locale: &odd, Metadata: []byte("1")}),
		Err: domain.ErrInvalid, Fields: []string{"first_name", "locale", "metadata"},
	}
	estest.Run(t, profile.Events, cases)
}

// numbered are the members "kaa":1, "kab":1 and so on, n of them.
func numbered(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = `"k` + string(rune('a'+i/26)) + string(rune('a'+i%26)) + `":1`
	}
	return strings.Join(members, ",")
}

func TestCommandsGoToTheProfilesStream(t *testing.T) {
	const want = "profile-01000000-0000-0000-0000-000000000000"
	create, change := profile.Create{UserID: ann}.Stream(), update(profile.Patch{}).Stream()
	if create != want || change != want {
		t.Errorf("create %s, update %s", create, change)
	}
}

func TestAProfileTellsAboutItsUser(t *testing.T) {
	for _, event := range []Event{created, profile.ProfileUpdated{UserID: ann}} {
		if about, ok := event.(domain.PersonalEvent); !ok || about.Subject() != ann {
			t.Errorf("%s does not tell about its user", event.EventType())
		}
	}
}
