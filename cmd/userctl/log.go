package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/logcopy"
	"am-user-management/internal/rebase"
)

const aboutCopy = `Copies a whole log: of every event its stream, revision, type, content type, data, metadata and id, in one order over
all streams. It asks nothing of the stores but the client's own calls, so that any two will do.

Stopped anywhere, by a signal or by force, it goes on when it is started again: what the target has is gone through
event by event first. A target that holds anything else is refused, with the first difference. One append is on its
way at a time, because a store promises no order between two; consecutive events of one stream go in one append.

Not copied are the streams whose names begin with a dollar sign, and their metadata. Each server makes those itself:
$users, $user-…, $users-password-notifications, $settings and the metadata of $all (access rules: userctl store secure
sets them), $stats-…, $scavenges, $epoch-information, $persistentSubscriptionConfig and $persistentsubscription-…,
$projections-…, $streams, $ce-…, $et-…, $category-… and whatever else projections emit. Persistent subscriptions and
projections have to be made anew. The metadata of all other streams is copied, and so are links in them.

A copy's events are as old as the copy: no client can say when an event was created. Only a target of the form
folder:/path keeps the times. $maxAge counts from then on.

Deleted streams are deleted in the copy, and what was written to them before and after is there; the events by which a
server deletes a stream and lets it begin again ($metadata, $streamDeleted) may get other ids. Truncated events that
are still in the log are copied and hidden again. Events that were scavenged are gone: a stream that lacks some is
refused, because its later events would get other revisions, unless --fill-gaps puts an empty event of the type
$placeholder in the place of each.
`

func logCopy(ctx context.Context, args []string, t terminal) error {
	flags := flag.NewFlagSet("userctl log copy", flag.ContinueOnError)
	from := flags.String("from", "", "the `log` to copy")
	to := flags.String("to", "", "the `log` to write to")
	follow := flags.Bool("follow", false, "go on copying what is written, until a signal comes")
	fill := flags.Bool("fill-gaps", false, "keep the places of scavenged events by empty ones")
	wait := waitFlag(flags)
	if err := parse(flags, args, t, aboutCopy, "from", "to"); err != nil {
		return err
	}
	return withLogs(ctx, t, ends{*from, *to, *wait}, logcopy.Open, func(source, target *logcopy.Log) error {
		head, err := source.Head(ctx)
		if err != nil {
			return fmt.Errorf("--from: %w", err)
		}
		verifying, copying := newProgress(t.stderr, "verified", head.Commit), (*progress)(nil)
		result, err := logcopy.Copy(ctx, source, target, logcopy.Options{
			Follow: *follow, FillGaps: *fill,
			Verified: func(e *logcopy.Event) { verifying.at(e.Position.Commit) },
			Copied: func(e *logcopy.Event) {
				if copying == nil {
					verifying.done()
					copying = newProgress(t.stderr, "copied", head.Commit)
				}
				copying.at(e.Position.Commit)
			},
			Caught: func() { fmt.Fprintln(t.stdout, "following: the copy has everything; stop with Ctrl-C") },
		})
		if copying != nil {
			copying.done()
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(t.stdout, "the copy has %d events: %d were there, %d were copied by %d appends, %d places are kept by placeholders\n",
			result.Verified+result.Copied, result.Verified, result.Copied, result.Calls, result.Placeholders)
		return nil
	})
}

const aboutCompare = `Goes through two logs side by side and proves that they are equal: the order of all events, and of each the stream,
revision, type, content type, data, metadata and id (but for the ids of events that servers write by themselves). Prints
the number of events and a SHA-256 over all of them; ends with an error at the first difference, which it names.
`

func logCompare(ctx context.Context, args []string, t terminal) error {
	flags := flag.NewFlagSet("userctl log compare", flag.ContinueOnError)
	from := flags.String("from", "", "one `log`")
	to := flags.String("to", "", "the other `log`")
	times := flags.Bool("times", false, "compare the times of creation, too: a copy has them only in a folder")
	wait := waitFlag(flags)
	if err := parse(flags, args, t, aboutCompare, "from", "to"); err != nil {
		return err
	}
	return withLogs(ctx, t, ends{*from, *to, *wait}, logcopy.OpenExisting, func(a, b *logcopy.Log) error {
		head, err := a.Head(ctx)
		if err != nil {
			return fmt.Errorf("--from: %w", err)
		}
		first, second := a.Read(ctx, false), b.Read(ctx, false)
		defer first.Close()
		defer second.Close()
		walk, shown := logcopy.NewWalk(first, second, *times), newProgress(t.stderr, "compared", head.Commit)
		for walk.Next() {
			shown.at(walk.Pair().A.Position.Commit)
		}
		shown.done()
		if err := walk.Err(); err != nil {
			return err
		}
		fmt.Fprintf(t.stdout, "equal: events=%d placeholders=%d sha256=%s\n", walk.Equal(), walk.Placeholders(), walk.Digest())
		return nil
	})
}

const aboutRebase = `Makes the tables of DATABASE_URL, which follow the log --from, follow its copy --to. A position is a number of one
store: the same event has another one in a copy. Checkpoints, rows and imports are translated event by event, in one
transaction, after it is proven that the tables are of the log --from and that both logs are equal. No instance of the
service may be running. Doing it again changes nothing.

The service works on the copy as if nothing had happened: nothing is sent twice, nothing is left out. What clients keep
is of the old store, however: Consistency-Tokens, and cursors of GET /internal/v1/events. A follower of that feed has to
read it to its end before the move and to begin anew after it, leaving out events whose ids it knows.
`

func logRebase(ctx context.Context, args []string, t terminal) error {
	flags := flag.NewFlagSet("userctl log rebase", flag.ContinueOnError)
	from := flags.String("from", "", "the `log` that the tables follow")
	to := flags.String("to", "", "its copy, the `log` that they are to follow")
	wait := waitFlag(flags)
	if err := parse(flags, args, t, aboutRebase, "from", "to"); err != nil {
		return err
	}
	address, err := t.setting("DATABASE_URL")
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return errors.New("DATABASE_URL: Postgres does not answer there") // pgx may quote the URL
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what was to be kept is committed
	return withLogs(ctx, t, ends{*from, *to, *wait}, logcopy.OpenExisting, func(a, b *logcopy.Log) error {
		head, err := a.Head(ctx)
		if err != nil {
			return fmt.Errorf("--from: %w", err)
		}
		first, second := a.Read(ctx, false), b.Read(ctx, false)
		defer first.Close()
		defer second.Close()
		walk, shown := logcopy.NewWalk(first, second, false), newProgress(t.stderr, "compared", head.Commit)
		err = rebase.Tables(ctx, conn, func() (rebase.Move, bool, error) {
			if !walk.Next() {
				return rebase.Move{}, false, walk.Err()
			}
			pair := walk.Pair()
			shown.at(pair.A.Position.Commit)
			return rebase.Move{
				Old: pair.A.Position.Commit, New: pair.B.Position.Commit, Stream: pair.A.StreamID, Revision: pair.A.EventNumber,
			}, true, nil
		})
		shown.done()
		switch {
		case errors.Is(err, rebase.ErrDone):
			fmt.Fprintln(t.stdout, "nothing to do:", err)
			return nil
		case err != nil:
			return err
		}
		fmt.Fprintf(t.stdout, "the tables follow the copy: events=%d sha256=%s\n", walk.Equal(), walk.Digest())
		return nil
	})
}

// openLog opens a log: logcopy.OpenExisting, or logcopy.Open for one that may be made.
type openLog func(ctx context.Context, address string, logger *slog.Logger) (*logcopy.Log, error)

// ends are the two logs of a command, and how long it waits for each.
type ends struct {
	from, to string
	wait     time.Duration
}

// withLogs opens two logs, the first of which must exist, and closes them again.
func withLogs(ctx context.Context, t terminal, of ends, openTarget openLog, do func(from, to *logcopy.Log) error) (err error) {
	source, err := t.open(ctx, of.from, of.wait, logcopy.OpenExisting)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := t.open(ctx, of.to, of.wait, openTarget)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return do(source, target)
}

func (t terminal) open(ctx context.Context, flag string, wait time.Duration, open openLog) (*logcopy.Log, error) {
	address, err := t.address(flag)
	if err != nil {
		return nil, err
	}
	if err := t.reach(ctx, address, wait); err != nil {
		return nil, err
	}
	return open(ctx, address, t.log)
}
