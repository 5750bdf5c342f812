package commands_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
)

func (b *bench) people(n int) commands.Import {
	i := commands.Import{Request: request()}
	i.At = b.now
	for row := range n {
		address := fmt.Sprintf("p%d@example.org", row)
		i.Rows = append(i.Rows, commands.ImportRow{Number: row, User: commands.Imported{
			Email: address, EmailNormal: address, PasswordHash: "hash", Status: account.Active,
		}})
	}
	return i
}

func TestAnImportThatIsCutIsCompletedByItsRepetition(t *testing.T) {
	b := newBench(t)
	i := b.people(50)
	cuts := map[string]bool{}
	cut := func(stream string) error { // every third append, before or after it happened
		if !cuts[stream] && len(cuts) < 30 && strings.Contains("0123", stream[len(stream)-1:]) {
			cuts[stream] = true
			return errors.Join(eventstore.ErrUnknownOutcome, errCut)
		}
		return nil
	}
	i2 := i
	i2.Rows = i.Rows[:1] // one after the other: the fake's cuts are no concurrent thing
	b.faults.after = cut
	for at := range i.Rows {
		i2.Rows = i.Rows[at : at+1]
		if _, _, err := b.ImportUsers(t.Context(), i2); err != nil {
			t.Fatal(err)
		}
	}
	if len(cuts) == 0 {
		t.Fatal("nothing was cut")
	}
	b.faults.after = nil
	b.now = b.now.Add(time.Hour)
	var ids []string
	for range 2 {
		outcomes, _, err := b.ImportUsers(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		var these []string
		for row, outcome := range outcomes {
			if outcome.Err != nil {
				t.Errorf("row %d: %v", row, outcome.Err)
			}
			these = append(these, outcome.User.String())
			if got := b.types(t, account.StreamOf(outcome.User)); got != "account.user_created" {
				t.Errorf("row %d: %s", row, got)
			}
		}
		if ids != nil && strings.Join(ids, " ") != strings.Join(these, " ") {
			t.Error("the repetition made other users")
		}
		ids = these
	}
	if got := len(b.log.Log()); got != 2*len(i.Rows) {
		t.Errorf("%d events for %d rows", got, len(i.Rows))
	}
}

func TestAnImportIsEffectiveWhenItReturns(t *testing.T) {
	b := newBench(t)
	if _, _, err := b.ImportUsers(t.Context(), b.people(3)); err != nil {
		t.Fatal(err)
	}
	accounts := 0
	for _, stream := range b.inline.applied {
		if strings.HasPrefix(stream, "account-") {
			accounts++
		}
	}
	if accounts != 3 {
		t.Errorf("%d accounts were applied", accounts)
	}
	b.inline.err = errCut
	if _, _, err := b.ImportUsers(t.Context(), b.people(3)); !errors.Is(err, commands.ErrNotYetEffective) {
		t.Errorf("got %v, want ErrNotYetEffective", err)
	}
}

// A request with a time of its own does not look before it appends: it must find out all the same what it would have
// seen.
func TestAppendingFirstIsNoWayAroundTheRules(t *testing.T) {
	b := newBench(t)
	r := request()
	r.At = b.now
	i := commands.Import{Request: r, Rows: b.people(1).Rows}
	first, _, err := b.ImportUsers(t.Context(), i)
	if err != nil || first[0].Err != nil {
		t.Fatal(err, first[0].Err)
	}
	other := i
	other.CommandID = uuid.New()
	taken, _, err := b.ImportUsers(t.Context(), other)
	if err != nil || !errors.Is(taken[0].Err, account.ErrAlreadyExists) {
		t.Errorf("a taken address: %v, %v", err, taken[0].Err)
	}
	other.Rows = []commands.ImportRow{{User: commands.Imported{
		ID: first[0].User, Email: "q@example.org", EmailNormal: "q@example.org", Status: account.Active,
	}}}
	taken, _, err = b.ImportUsers(t.Context(), other)
	if err != nil || !errors.Is(taken[0].Err, account.ErrIDUsed) {
		t.Errorf("a taken id: %v, %v", err, taken[0].Err)
	}
	if got := b.types(t, "email-claim-of-q@example.org"); got != "email.email_claimed email.email_released" {
		t.Errorf("its address: %s", got)
	}
}
