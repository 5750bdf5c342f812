package projections

import (
	"strings"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/internal/eventstore"
)

type claimRow struct {
	mark
	ClaimKey  string
	Owner     *uuid // nil if the address is free
	Settled   bool
	ClaimedAt time.Time
}

// newEmailClaims projects the claims on addresses, and whether the account that each was made for came to be, or was
// given the address. An aborted registration does not settle its claim: the claim is still to be released. Neither does
// one unsettle it that the owner makes anew: what it was settled by still holds, until the claim is released.
func newEmailClaims() *table[string, claimRow, *claimRow] {
	return byLog("email_claims", types(email.Events, []domain.Event{account.UserCreated{}, account.EmailChanged{}}), claimKey, foldClaim,
		func(e *eventstore.Envelope) bool {
			_, claimed := e.Event.(email.EmailClaimed)
			return claimed && e.Revision == 0
		},
		plain("claim_key", "text", func(r *claimRow) *string { return &r.ClaimKey }),
		plain("owner", "uuid", func(r *claimRow) **uuid { return &r.Owner }),
		plain("settled", "boolean", func(r *claimRow) *bool { return &r.Settled }),
		plain("claimed_at", "timestamptz", func(r *claimRow) *time.Time { return &r.ClaimedAt }),
	)
}

// claimStream is how the streams of claims begin; the key follows.
var claimStream = email.StreamOf("")

func claimKey(envelope *eventstore.Envelope) (string, bool) {
	switch e := envelope.Event.(type) {
	case email.EmailClaimed, email.EmailReleased:
		return strings.CutPrefix(envelope.Stream, claimStream)
	case account.UserCreated:
		return e.EmailClaim, e.EmailClaim != ""
	case account.EmailChanged:
		return e.EmailClaim, e.EmailClaim != ""
	}
	return "", false
}

func foldClaim(r *claimRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case email.EmailClaimed:
		r.ClaimKey, _ = claimKey(envelope)
		r.Settled = r.Settled && r.ownedBy(e.Owner)
		r.Owner, r.ClaimedAt = (*uuid)(&e.Owner), e.ClaimedAt
	case email.EmailReleased:
		r.ClaimKey, _ = claimKey(envelope)
		r.Owner, r.Settled = nil, false
	case account.UserCreated:
		r.ClaimKey = e.EmailClaim
		r.Settled = r.ownedBy(e.UserID)
	case account.EmailChanged:
		r.ClaimKey = e.EmailClaim
		r.Settled = r.ownedBy(e.UserID)
	}
}

func (r *claimRow) ownedBy(user domain.ID) bool { return r.Owner != nil && *r.Owner == uuid(user) }
