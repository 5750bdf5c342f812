package admins_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/admins"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[admins.State, admins.Event]
	Event = admins.Event
)

var (
	ann, bob = domain.ID{1}, domain.ID{2}
	noon     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func revision(n uint64) *uint64 { return &n }

func TestList(t *testing.T) {
	listed := admins.AdminListed{UserID: ann, At: noon}
	list := func(access, account uint64) admins.List {
		return admins.List{UserID: ann, AccessRevision: access, AccountRevision: account, Now: noon}
	}
	gone := admins.AdminDelisted{UserID: ann, AccessRevision: revision(3), At: noon}
	off := admins.AdminDelisted{UserID: ann, AccountRevision: revision(5), At: noon}
	estest.Run(t, admins.Events, map[string]Case{
		"lists who was never listed":                 {When: list(0, 0), Then: []Event{listed}},
		"lists nobody twice":                         {Given: []Event{listed}, When: list(1, 1)},
		"not who is losing the role":                 {Given: []Event{listed, gone}, When: list(3, 9)},
		"who got the role again":                     {Given: []Event{listed, gone}, When: list(5, 0), Then: []Event{listed}},
		"not whose account is being closed":          {Given: []Event{listed, off}, When: list(9, 5)},
		"whose account was opened again":             {Given: []Event{listed, off}, When: list(0, 7), Then: []Event{listed}},
		"not who lost both, when one has come again": {Given: []Event{listed, gone, off}, When: list(4, 5)},
	})
}

func TestDelist(t *testing.T) {
	listed, other := admins.AdminListed{UserID: ann, At: noon}, admins.AdminListed{UserID: bob, At: noon}
	delist := admins.Delist{UserID: ann, AccessRevision: revision(3), Remaining: bob, Now: noon}
	delisted := admins.AdminDelisted{UserID: ann, AccessRevision: revision(3), At: noon}
	alone, itself, account := delist, delist, delist
	alone.Remaining, itself.Remaining = domain.ID{}, ann
	account.AccessRevision, account.AccountRevision = nil, revision(5)
	off := admins.AdminDelisted{UserID: ann, AccountRevision: revision(5), At: noon}
	bobOff := admins.AdminDelisted{UserID: bob, AccessRevision: revision(0), At: noon}
	estest.Run(t, admins.Events, map[string]Case{
		"takes one of two off":                   {Given: []Event{listed, other}, When: delist, Then: []Event{delisted}},
		"for the account as well":                {Given: []Event{listed, other}, When: account, Then: []Event{off}},
		"who somebody is about to list":          {Given: []Event{other}, When: delist, Then: []Event{delisted}},
		"once for one loss":                      {Given: []Event{listed, other, delisted}, When: delist},
		"again for another loss":                 {Given: []Event{listed, other, delisted}, When: account, Then: []Event{off}},
		"never the last one":                     {Given: []Event{listed}, When: alone, Err: admins.ErrLast},
		"never for the sake of themselves":       {Given: []Event{listed}, When: itself, Err: admins.ErrLast},
		"never for one who was never listed":     {Given: []Event{listed}, When: delist, Err: admins.ErrLast},
		"never for one who went in the meantime": {Given: []Event{listed, other, bobOff}, When: delist, Err: admins.ErrLast},
		"never from an empty list":               {When: delist, Err: admins.ErrLast},
	})
}

func TestOthers(t *testing.T) {
	state := admins.State{}
	if !state.Empty() || len(state.Others(ann)) != 0 {
		t.Errorf("empty list: %v", state)
	}
	state = state.Evolve(admins.AdminListed{UserID: ann}).Evolve(admins.AdminListed{UserID: bob})
	if others := state.Others(ann); len(others) != 1 || others[0] != bob {
		t.Errorf("others %v, want Bob", others)
	}
	state = state.Evolve(admins.AdminDelisted{UserID: bob, AccessRevision: revision(1)})
	if state.Empty() || len(state.Others(ann)) != 0 {
		t.Errorf("after Bob went: %v", state)
	}
}
