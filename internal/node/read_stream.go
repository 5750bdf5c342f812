package node

import "am-user-management/internal/node/store"

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
		if from > view.Last {
			if sent == 0 && from != view.Last+1 {
				if err := r.sendFirst(view.Last + 1); err != nil {
					return err
				}
			}
			break
		}
		to := min(from+size-1, view.Last)
		if err := r.store.ReadStream(&r.page, view, from, to, false); err != nil {
			return err
		}
		next := to + 1
		if sent == 0 && len(r.page.Records) == 0 {
			if next, err = r.firstAfter(view, to); err != nil {
				return err
			}
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
		from = next
	}
	return r.sendLast(view.Last)
}

// firstAfter returns the revision from which a read goes on that found nothing up to revision to: past what metadata hides, or
// at the first event that is not too old.
func (r *reader) firstAfter(view *store.Stream, to int64) (int64, error) {
	if to < view.First {
		return view.First, nil
	}
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
