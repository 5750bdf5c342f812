package http_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"am-user-management/domain"
	amhttp "am-user-management/http"
)

type person struct {
	Email    string         `json:"email"`
	Phone    *string        `json:"phone_number"`
	Agreed   bool           `json:"agreed"`
	Metadata jsontext.Value `json:"metadata"`
}

func TestBindTakesNothingButTheFields(t *testing.T) {
	deep := `{"metadata":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`
	for name, c := range map[string]struct{ body, field string }{
		"nothing":                   {``, "body"},
		"blanks":                    {" \n", "body"},
		"null":                      {`null`, "body"},
		"a list":                    {`[]`, "body"},
		"a string":                  {`"email"`, "body"},
		"cut off":                   {`{"email":"a`, "email"},
		"two objects":               {`{} {}`, "body"},
		"text after it":             {`{"email":"a"}x`, "body"},
		"an unknown field":          {`{"email":"a","admin":true}`, "admin"},
		"another case":              {`{"Email":"a"}`, "Email"},
		"a folded letter":           {"{\"metadata\":{},\"emai\u017f\":1}", "emai"},
		"a field twice":             {`{"email":"a","email":"b"}`, "email"},
		"a field twice, escaped":    {`{"email":"a","\u0065mail":"b"}`, "email"},
		"a field twice, deep":       {`{"metadata":{"a":{"b":1,"b":2}}}`, "metadata.a.b"},
		"a number for a string":     {`{"email":1}`, "email"},
		"an object for a string":    {`{"email":{"a":1}}`, "email"},
		"a string for a bool":       {`{"agreed":"true"}`, "agreed"},
		"broken UTF-8":              {"{\"email\":\"a\xff\"}", "email"},
		"broken UTF-8 in raw JSON":  {"{\"metadata\":{\"k\":\"\xc0\xaf\"}}", "metadata.k"},
		"a lone surrogate":          {`{"email":"\ud800"}`, "email"},
		"a lone surrogate, deep":    {`{"metadata":["\udc00x"]}`, "metadata.0"},
		"a NUL":                     {`{"email":"a\u0000b"}`, "email"},
		"a NUL after a backslash":   {`{"email":"a\\\u0000b"}`, "email"},
		"a NUL, deep":               {`{"metadata":{"k":["\u0000"]}}`, "metadata.k.0"},
		"a NUL in a name":           {`{"metadata":{"\u0000":1}}`, "metadata. "},
		"more levels than anybody":  {deep, "body"},
		"a byte order mark":         {"\xef\xbb\xbf{}", "body"},
		"a comment":                 {`{/* */}`, "body"},
		"a trailing comma":          {`{"email":"a",}`, "body"},
		"single quotes":             {`{'email':'a'}`, "body"},
		"a control character, bare": {"{\"email\":\"a\x01\"}", "email"},
	} {
		t.Run(name, func(t *testing.T) {
			var into person
			err := amhttp.Bind([]byte(c.body), &into)
			var rule *domain.Error
			if !errors.Is(err, domain.ErrInvalid) || !errors.As(err, &rule) || len(rule.Fields) != 1 {
				t.Fatalf("err = %v, want request.invalid with one field", err)
			}
			if got := rule.Fields[0].Field; !strings.HasPrefix(got, c.field) || c.field == "body" && got != "body" {
				t.Errorf("field = %q, want %q (%s)", got, c.field, rule.Fields[0].Message)
			}
		})
	}
}

func TestBindTakesWhatIsMeant(t *testing.T) {
	var into person
	body := " {\"email\":\"a\\\\u0000\\ud83d\\ude00\", \"phone_number\":null, \"metadata\": {\"a\":[1,null]}}\n"
	if err := amhttp.Bind([]byte(body), &into); err != nil {
		t.Fatal(err)
	}
	if into.Email != "a\\u0000\U0001F600" || into.Phone != nil || string(into.Metadata) != `{"a":[1,null]}` {
		t.Errorf("got %+v", into)
	}
	thirtyTwo := `{"metadata":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`
	if err := amhttp.Bind([]byte(thirtyTwo), &into); err != nil {
		t.Errorf("32 levels: %v", err)
	}
}

// FuzzBind: whatever the bytes, binding neither panics nor takes what another strict reader refuses, and what it
// takes holds no NUL and survives being written and bound again.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"email":"a@b.c","phone_number":"+1"}`, `{"email":"\u0000"}`, `{"metadata":{"a":[1.5e3,{"b":null}]}}`,
		`{"email":"\\u0000"}`, `{"Email":1}`, `{"email":"\ud800"}`, `[{"a"`, "{\"email\":\"\xff\"}", `{"metadata":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second person
		if err := amhttp.Bind(body, &first); err != nil {
			if !errors.Is(err, domain.ErrInvalid) {
				t.Fatalf("refused by %v, want request.invalid", err)
			}
			return
		}
		if !jsontext.Value(body).IsValid() {
			t.Fatalf("took %q, which is not JSON", body)
		}
		if strings.ContainsRune(first.Email, 0) {
			t.Fatalf("took a NUL from %q", body)
		}
		text, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := amhttp.Bind(text, &second); err != nil || first.Email != second.Email {
			t.Fatalf("bound %q, which does not bind again: %v", text, err)
		}
	})
}
