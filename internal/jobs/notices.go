package jobs

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"am-user-management/domain"
)

// Mail is one mail to a user.
type Mail struct {
	User domain.ID
	// Template is the name of the mail. A release that does not know it fails the job, visibly, and tries again: a newer
	// one may.
	Template string
	// Ref is what the mail is about: a request, or an event of the account.
	Ref domain.ID
}

// Revocation is the end of all tokens of a user, to be told to the token service.
type Revocation struct {
	User domain.ID
	// Event is the event of the account that ends them.
	Event domain.ID
	// Reason is one of a few names, for the token service.
	Reason string
}

// InsertMailsTx inserts a job for each mail, in one statement; they start when tx commits. A mail that has a job
// already gets no second one.
func (q *Queue) InsertMailsTx(ctx context.Context, tx pgx.Tx, mails ...Mail) error {
	return insertOnceTx(ctx, q, tx, mails, func(m Mail) river.JobArgs {
		return sendMail{UserID: m.User, RequestID: m.Ref, Template: m.Template}
	})
}

// InsertRevocationsTx inserts a job for each revocation, as InsertMailsTx does.
func (q *Queue) InsertRevocationsTx(ctx context.Context, tx pgx.Tx, revocations ...Revocation) error {
	return insertOnceTx(ctx, q, tx, revocations, func(r Revocation) river.JobArgs {
		return revokeTokens{UserID: r.User, EventID: r.Event, Reason: r.Reason}
	})
}

func insertOnceTx[T comparable](ctx context.Context, q *Queue, tx pgx.Tx, wanted []T, args func(T) river.JobArgs) error {
	if len(wanted) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, 0, len(wanted))
	seen := make(map[T]bool, len(wanted)) // one statement cannot meet the same job twice
	for _, one := range wanted {
		if !seen[one] {
			seen[one] = true
			params = append(params, river.InsertManyParams{Args: args(one)})
		}
	}
	_, err := q.client.InsertManyTx(ctx, tx, params)
	return err
}
