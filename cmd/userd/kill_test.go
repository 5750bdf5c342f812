package main_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/profile"
	"am-user-management/domain/subscription"
)

const serviceKey = "Bearer 0123456789abcdef0123"

// What was acknowledged before a kill.
type acknowledged struct {
	mu       sync.Mutex
	accounts map[string]string // id → address
	bios     map[string]int    // user → the last change that was answered
	tried    map[string]int    // user → the last change that was asked for
}

// kill -9 at random moments under load, the service's Postgres included: what was answered is there, no address has
// two owners, no step of an onboarding happened twice, and the tables are those that the log makes.
func TestKillAtRandomMoments(t *testing.T) {
	kills := 3
	if text := os.Getenv("KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal("KILLS: ", err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d, %d kills", seed, kills)

	w := newWorldAlone(t)
	p := w.start()
	users := make([]user, 4)
	acks := &acknowledged{accounts: map[string]string{}, bios: map[string]int{}, tried: map[string]int{}}
	for i := range users {
		users[i] = w.signUp(p, fmt.Sprintf("writer%d@example.org", i))
		eventually(t, "the profile is there", func() bool { return p.onboarded(t, users[i]) })
	}
	var number atomic.Int64
	for range kills {
		stop := make(chan struct{})
		var group sync.WaitGroup
		for _, u := range users {
			group.Go(func() { acks.changeProfiles(p, u, stop) })
			group.Go(func() { acks.signUps(p, &number, stop) })
		}
		after := time.NewTimer(time.Duration(random.IntN(400)) * time.Millisecond)
		<-after.C
		p.kill()
		close(stop)
		group.Wait()
		p = w.start()
		acks.check(t, p)
	}
	w.database = p.ready["postgres"]
	checkHistory(t, w, p)
	w.checkRebuild(p)
	t.Logf("%d sign-ups and %d users' changes were acknowledged", len(acks.accounts), len(acks.bios))
}

// changeProfiles writes numbers into a bio, one after the other.
func (a *acknowledged) changeProfiles(p *process, u user, stop <-chan struct{}) {
	a.mu.Lock()
	next := a.tried[u.id] + 1
	a.mu.Unlock()
	for ; !closed(stop); next++ {
		a.mu.Lock()
		a.tried[u.id] = next
		a.mu.Unlock()
		got, err := call("PATCH", p.public+"/profile", fmt.Sprintf(`{"bio":"%d"}`, next), u.auth()...)
		if err != nil {
			return // killed
		}
		if got.status == 200 {
			a.mu.Lock()
			a.bios[u.id] = next
			a.mu.Unlock()
		}
	}
}

// signUps signs people up, some for addresses that others want as well.
func (a *acknowledged) signUps(p *process, number *atomic.Int64, stop <-chan struct{}) {
	for !closed(stop) {
		address := fmt.Sprintf("person%d@example.org", number.Add(1)/3)
		got, err := call("POST", p.public+"/users", fmt.Sprintf(`{"email":%q,"password":%q}`, address, password))
		if err != nil {
			return // killed
		}
		if got.status == 201 {
			a.mu.Lock()
			a.accounts[got.get("id")] = address
			a.mu.Unlock()
		}
	}
}

func closed(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// check reads back what was acknowledged.
func (a *acknowledged) check(t *testing.T, p *process) {
	t.Helper()
	for id, address := range a.accounts {
		got, err := call("GET", p.internal+"/internal/v1/users/"+id, "", "Authorization", serviceKey)
		if err != nil || got.status != 200 || got.get("email") != address {
			t.Errorf("%s was acknowledged; now it is %d %s (%v)", address, got.status, got.body, err)
		}
	}
	for id, last := range a.bios {
		got, err := call("GET", p.internal+"/internal/v1/users/"+id+"/profile", "", "Authorization", serviceKey)
		var number int
		if err == nil {
			_, err = fmt.Sscan(got.get("bio"), &number)
		}
		if err != nil || number < last || number > a.tried[id] {
			t.Errorf("change %d was acknowledged and %d tried; now the bio is %s (%v)", last, a.tried[id], got.body, err)
		}
	}
}

// checkHistory looks for what must never be in a log, whatever happened.
func checkHistory(t *testing.T, w *world, p *process) {
	t.Helper()
	owners, created, steps := map[string]domain.ID{}, map[domain.ID]string{}, map[string]int{}
	asked := map[domain.ID]bool{} // to prove their address
	scan := func() {
		clear(owners)
		clear(created)
		clear(steps)
		last := map[string]uint64{}
		for _, e := range w.history(p) {
			if revision, seen := last[e.Stream]; seen && e.Revision != revision+1 || !seen && e.Revision != 0 {
				t.Errorf("%s: revision %d follows %d", e.Stream, e.Revision, revision)
			}
			last[e.Stream] = e.Revision
			switch event := e.Event.(type) {
			case email.EmailClaimed:
				owners[strings.TrimPrefix(e.Stream, "email-")] = event.Owner
			case email.EmailReleased:
				delete(owners, strings.TrimPrefix(e.Stream, "email-"))
			case account.UserCreated:
				created[event.UserID] = event.EmailClaim
			case account.EmailVerificationRequested:
				asked[event.UserID] = true
			case subscription.TrialStarted:
				steps[event.UserID.String()+" trial"]++
			case profile.ProfileCreated:
				steps[event.UserID.String()+" profile"]++
			case access.RoleAssigned:
				steps[event.UserID.String()+" role "+event.Role]++
			case onboarding.StepDone:
				steps[event.UserID.String()+" "+string(event.Step)]++
			}
		}
	}
	eventually(t, "everybody's onboarding is done", func() bool {
		scan()
		for user := range created {
			for _, step := range []string{"trial", "profile", "role viewer", "mail", "token"} {
				if steps[user.String()+" "+step] == 0 && (step != "mail" || asked[user]) {
					return false
				}
			}
		}
		return true
	})
	for step, times := range steps {
		if times > 1 {
			t.Errorf("%s happened %d times", step, times)
		}
	}
	byClaim := map[string]domain.ID{}
	for user, claim := range created {
		if other, taken := byClaim[claim]; taken {
			t.Errorf("%s and %s have one address", user, other)
		}
		byClaim[claim] = user
		if owners[claim] != user {
			t.Errorf("%s has an address that %s claims", user, owners[claim])
		}
	}
	told := map[string]int{}
	for _, effect := range w.tokens.Effects() {
		told[effect.UserID.String()+" "+effect.Reason]++
	}
	for user, times := range told {
		if times > 1 {
			t.Errorf("the token service was told about %s under %d keys", user, times)
		}
	}
	t.Logf("%d accounts, %d claims, %d kinds of effects", len(created), len(owners), len(maps.Clone(told)))
}
