package smtpcatcher

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// nameTime makes names that sort as the mails came in; the number behind it keeps mails of one moment apart.
const nameTime = "20060102T150405.000000000Z"

const extension = ".eml"

// mailbox is a folder of <time>-<number>.eml.
type mailbox struct {
	dir  string
	keep int
	now  func() time.Time

	mu     sync.Mutex
	closed bool
	next   uint64
	known  []string // sorted
}

// close returns when no mail is being written; none is written later.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}

func openMailbox(dir string, keep int, now func() time.Time) (*mailbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	box := &mailbox{dir: dir, keep: keep, now: now}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		number, ok := numberOf(entry.Name())
		if !ok {
			continue
		}
		box.known = append(box.known, entry.Name())
		box.next = max(box.next, number+1)
	}
	slices.Sort(box.known)
	return box, nil
}

// numberOf is the number in a mail's name; ok is false for every other name, also one that leads out of the folder.
func numberOf(name string) (number uint64, ok bool) {
	stem, isMail := strings.CutSuffix(name, extension)
	at, text, hasNumber := strings.Cut(stem, "-")
	if !isMail || !hasNumber {
		return 0, false
	}
	if _, err := time.Parse(nameTime, at); err != nil {
		return 0, false
	}
	number, err := strconv.ParseUint(text, 10, 64)
	return number, err == nil
}

// write keeps a mail: when it returns, the whole mail is on disk under its name. Then the oldest beyond keep go.
func (m *mailbox) write(raw []byte) (name string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return "", os.ErrClosed
	}
	name = fmt.Sprintf("%s-%06d%s", m.now().UTC().Format(nameTime), m.next, extension)
	if err := m.writeFile(name, raw); err != nil {
		return "", err
	}
	m.next++
	place, _ := slices.BinarySearch(m.known, name)
	m.known = slices.Insert(m.known, place, name)
	for len(m.known) > m.keep {
		if err := os.Remove(filepath.Join(m.dir, m.known[0])); err != nil && !errors.Is(err, os.ErrNotExist) {
			return name, err
		}
		m.known = m.known[1:]
	}
	return name, nil
}

func (m *mailbox) writeFile(name string, raw []byte) error {
	draft, err := os.CreateTemp(m.dir, ".draft-*")
	if err != nil {
		return err
	}
	_, err = draft.Write(raw)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	if err := os.Rename(draft.Name(), filepath.Join(m.dir, name)); err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	dir, err := os.Open(m.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// names is every mail, oldest first.
func (m *mailbox) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.known)
}

// read is the mail of that name, or os.ErrNotExist.
func (m *mailbox) read(name string) (Mail, error) {
	if _, ok := numberOf(name); !ok {
		return Mail{}, os.ErrNotExist
	}
	raw, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		return Mail{}, err
	}
	at, _, _ := strings.Cut(name, "-")
	received, err := time.Parse(nameTime, at)
	if err != nil {
		return Mail{}, err
	}
	return parse(name, received, raw), nil
}
