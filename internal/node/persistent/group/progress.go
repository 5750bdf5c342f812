package group

// progress tells how far a source has been read, and up to where everything is done.
type progress struct {
	// next is the first number that has not been read.
	next int64
	// first and last are the ends of a list of what was read and is not done, in the source's order.
	first, last *entry
	// added counts what was read.
	added int64
}

func (p *progress) add(e *entry) {
	e.progress, e.before, e.place = p, p.last, p.added
	p.added++
	if p.last == nil {
		p.first = e
	} else {
		p.last.after = e
	}
	p.last = e
}

func (p *progress) finish(e *entry) {
	if e.before == nil {
		p.first = e.after
	} else {
		e.before.after = e.after
	}
	if e.after == nil {
		p.last = e.before
	} else {
		e.after.before = e.before
	}
	e.before, e.after = nil, nil
}

// undone returns the lowest number that is not done.
func (p *progress) undone() int64 {
	if p.first != nil {
		return p.first.Number
	}
	return p.next
}

// place returns how many of what was read are done before the first that is not.
func (p *progress) place() int64 {
	if p.first != nil {
		return p.first.place
	}
	return p.added
}
