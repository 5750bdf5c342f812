package store_test

import (
	"cmp"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"am-user-management/internal/node/store"
)

// cutsOfOneLog is how often the power of one running store is cut.
const cutsOfOneLog = 60

// TestPowerCuts cuts the power at file operations of any kind, chosen at random, while writers append and tables are
// flushed, compacted and removed. What was not synced is lost, or there in part. POWER says how often; without it, a
// few times.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	cuts, err := strconv.Atoi(cmp.Or(os.Getenv("POWER"), strconv.Itoa(cutsOfOneLog)))
	if err != nil {
		t.Fatal("POWER: ", err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d cuts", seed, cuts)
	for done := 0; done < cuts; seed++ {
		found, faults := cutPower(t, seed, variant{})
		for _, fault := range faults {
			t.Errorf("seed %d: %v", seed, fault)
		}
		if len(faults) > 0 || found == 0 {
			t.Fatalf("ended after %d cuts", done+found)
		}
		done += found
	}
}

// TestPowerCutsFindBrokenStores gives stores to the same check that break one promise each: it has to find every one.
func TestPowerCutsFindBrokenStores(t *testing.T) {
	t.Parallel()
	for title, broken := range map[string]variant{
		"a sync that does nothing":   {disk: func(disk vfs.FS) vfs.FS { return unsynced{disk} }},
		"acknowledged before commit": {appender: func(s *store.Store) appender { return hasty{s} }},
		"an append in two commits":   {appender: func(s *store.Store) appender { return halving{s} }},
		"an event that nobody sent":  {appender: func(s *store.Store) appender { return inventive{s} }},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				if _, faults := cutPower(t, seed, broken); len(faults) > 0 {
					t.Log(faults[0])
					return
				}
			}
			t.Error("the check does not see it")
		})
	}
}

// outage is a disk as it is after a loss of power, and how many appends had been acknowledged before.
type outage struct {
	disk         *vfs.MemFS
	acknowledged int
}

// cutter cuts the power of a disk now and then, in a copy of it.
type cutter struct {
	disk    *vfs.MemFS
	history *history

	mu     sync.Mutex
	random *rand.Rand
	wait   int
	taken  []outage
}

// MaybeError is called before each operation of the disk. It lets all of them succeed.
func (c *cutter) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wait--; c.wait >= 0 || len(c.taken) == cutsOfOneLog {
		return nil
	}
	c.wait = c.random.IntN(30)
	acknowledged := c.history.acknowledged() // before the copy is made: an answer may come at any time
	keep := []int{0, 0, 30, 70, 95}[c.random.IntN(5)]
	disk := c.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: keep, RNG: c.random})
	c.taken = append(c.taken, outage{disk: disk, acknowledged: acknowledged})
	return nil
}

func (c *cutter) String() string { return "power cuts" }

func (c *cutter) done() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.taken) == cutsOfOneLog
}

// cutPower runs writers against a store and cuts the power again and again. It returns how often, and what was wrong.
func cutPower(t *testing.T, seed uint64, v variant) (cuts int, faults []error) {
	t.Helper()
	h := newHistory()
	power := &cutter{disk: vfs.NewCrashableMem(), history: h, random: rand.New(rand.NewPCG(seed, 0))}
	disk := errorfs.Wrap(power.disk, power)
	s, err := store.Open(store.Options{Dir: "data/log", FS: v.wrap(disk), MemTableBytes: smallTables})
	if err != nil {
		t.Fatal(err)
	}
	to := v.of(s)
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := 0; i < 500 && !power.done(); i++ {
				h.append(t.Context(), to, "s-"+strconv.Itoa((w+i)%11), 1+(w+i)%4)
			}
		})
	}
	group.Wait()
	log := readLog(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, cut := range power.taken {
		if err := h.check(t, cut, log); err != nil {
			faults = append(faults, err)
		}
	}
	return len(power.taken), faults
}
