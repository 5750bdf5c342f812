package http_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Lists that are read whole have pages like all others: together they are the list, in its order, also when the last
// item of a page is gone before the next page is asked for.
func TestShortListsHavePages(t *testing.T) {
	h := newHouse(t).seeded()
	admin := []string{"Authorization", h.admin()}
	for _, name := range []string{"b", "c", "a"} {
		h.call(http.MethodPut, "/roles/"+name, `{"permissions":["x:y"]}`, admin...).want(http.StatusOK)
	}
	for id, rank := range map[string]int{"cheap": 7, "dear": 900, "gift": -3} {
		h.call(http.MethodPut, "/plans/"+id, fmt.Sprintf(`{"name":%q,"interval":"month","rank":%d}`, id, rank), admin...).want(http.StatusOK)
	}
	names := func(query, key string) (names []string) {
		path, _, _ := strings.Cut(query, "?")
		for more := true; more; {
			list := h.call(http.MethodGet, query, "", admin...).want(http.StatusOK)
			items, _ := list.json("items").([]any)
			if strings.Contains(query, "limit=1") && len(items) != 1 {
				t.Fatalf("%s has %d items", query, len(items))
			}
			for _, item := range items {
				name, _ := item.(map[string]any)[key].(string)
				names = append(names, name)
			}
			var next string
			next, more = list.json("next_cursor").(string)
			query = path + "?limit=1&cursor=" + next
		}
		return names
	}
	me := h.call(http.MethodGet, "/users/me", "", admin...).want(http.StatusOK).string("id")
	h.call(http.MethodPost, "/users/"+me+"/roles", `{"role":"b"}`, admin...).want(http.StatusOK)
	h.project()
	for path, key := range map[string]string{"/roles": "name", "/plans": "id", "/users/" + me + "/roles": "role"} {
		whole, single := names(path, key), names(path+"?limit=1", key)
		if len(whole) < 2 || !slices.Equal(whole, single) {
			t.Errorf("%s has %v in one page, %v one by one", path, whole, single)
		}
		if key != "id" && !slices.IsSorted(whole) || key == "id" && (whole[0] != "gift" || whole[len(whole)-1] != "dear") {
			t.Errorf("%s has %v", path, whole)
		}
		other := "/plans"
		if path == other {
			other = "/roles"
		}
		foreign := h.call(http.MethodGet, other+"?limit=1", "", admin...).string("next_cursor")
		h.call(http.MethodGet, path+"?cursor="+foreign, "", admin...).field("cursor")
		h.call(http.MethodGet, path+"?cursor=", "", admin...).field("cursor")
		h.call(http.MethodGet, path+"?limit=0", "", admin...).field("limit")
		h.call(http.MethodGet, path+"?limit=201", "", admin...).field("limit")
	}
	var cursor string
	for name := ""; name != "b"; {
		list := h.call(http.MethodGet, "/roles?limit=1&cursor="+cursor, "", admin...)
		if cursor == "" {
			list = h.call(http.MethodGet, "/roles?limit=1", "", admin...)
		}
		items, _ := list.want(http.StatusOK).json("items").([]any)
		name, _ = items[0].(map[string]any)["name"].(string)
		cursor = list.string("next_cursor")
	}
	h.call(http.MethodDelete, "/users/"+me+"/roles/b", "", admin...)
	h.call(http.MethodDelete, "/roles/b", "", admin...).want(http.StatusNoContent)
	h.project()
	next := h.call(http.MethodGet, "/roles?limit=1&cursor="+cursor, "", admin...).want(http.StatusOK)
	if !strings.Contains(next.text, `"name":"c"`) {
		t.Errorf("after b comes %s", next.text)
	}
}
