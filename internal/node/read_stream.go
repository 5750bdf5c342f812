package node

import (
	"math"

	"am-user-management/internal/node/store"
)

// boundsPage is how many revisions count as one page when a read tells where the stream's first event is.
const boundsPage = 32

// readStreamForwards sends at most count visible events from a revision on. If asked for bounds, each page without an
// event before the first one is answered by the revision from which the read goes on, and the end by the last revision.
func (r *reader) readStreamForwards(name string, from, count int64) error {
	view, err := r.store.Stream(r.ctx, name)
	switch {
	case err != nil:
		return err
	case view.Tombstoned:
		return streamDeleted(r.call.Context(), name)
	case !view.Found():
		return r.sendNotFound(name)
	}
	sent := int64(0)
	for size := min(count, boundsPage); sent < count; {
		next, end, err := r.nextPage(view, from, size, sent == 0)
		if err != nil {
			return err
		}
		if sent == 0 && len(r.page.Records) == 0 && next != from {
			if err := r.sendFirst(next); err != nil {
				return err
			}
		}
		n, err := r.sendPage(count - sent)
		if err != nil {
			return err
		}
		if sent += n; sent > 0 {
			size = pageRecords
		}
		if end {
			break
		}
		from = next
	}
	return r.sendLast(view.Last)
}

// nextPage reads the visible events of size revisions, and tells from which one the read goes on, if it does. A page that ends
// before what metadata hides, or that age empties while nothing has been found yet, leads to what comes after that.
func (r *reader) nextPage(view *store.Stream, from, size int64, searching bool) (next int64, end bool, err error) {
	r.page.Records = r.page.Records[:0]
	to := from + min(size-1, math.MaxInt64-from)
	switch {
	case to < view.First:
		return view.First, false, nil
	case max(from, view.First) > view.Last:
		return view.Last + 1, true, nil
	}
	to = min(to, view.Last)
	if err := r.store.ReadStream(&r.page, view, from, to, false); err != nil {
		return 0, false, err
	}
	next = to + 1
	if searching && len(r.page.Records) == 0 {
		next, err = r.firstAfter(view, to)
	}
	return next, next > view.Last, err
}

// firstAfter returns the first revision after to of an event that is not too old.
func (r *reader) firstAfter(view *store.Stream, to int64) (int64, error) {
	next := to + 1
	for ; next <= view.Last; next += pageRecords {
		if err := r.ctx.Err(); err != nil {
			return 0, err
		}
		if err := r.store.ReadStream(&r.page, view, next, min(next+pageRecords-1, view.Last), false); err != nil {
			return 0, err
		}
		if len(r.page.Records) > 0 {
			next = int64(r.page.Records[0].Revision)
			r.page.Records = r.page.Records[:0]
			return next, nil
		}
	}
	return min(next, view.Last+1), nil
}

// readStreamBackwards sends at most count visible events from a revision down.
func (r *reader) readStreamBackwards(name string, from, count int64) error {
	view, err := r.store.Stream(r.ctx, name)
	switch {
	case err != nil:
		return err
	case view.Tombstoned:
		return streamDeleted(r.call.Context(), name)
	case !view.Found():
		return r.sendNotFound(name)
	}
	from = min(from, view.Last)
	for sent := int64(0); sent < count && from >= view.First; {
		low := max(from-min(count-sent, pageRecords)+1, view.First)
		if err := r.store.ReadStream(&r.page, view, low, from, true); err != nil {
			return err
		}
		n, err := r.sendPage(count - sent)
		if err != nil {
			return err
		}
		sent += n
		from = low - 1
	}
	return r.sendLast(view.Last)
}

// sendPage sends the page's records, at most limit, and tells how many.
func (r *reader) sendPage(limit int64) (int64, error) {
	sent := int64(0)
	for _, record := range r.page.Records {
		if sent == limit {
			break
		}
		if err := r.send(record); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}
