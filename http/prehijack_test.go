package http_test

import (
	"net/http"
	"testing"
	"time"

	amhttp "am-user-management/http"
)

// resetBy asks for a new password for an address, as its owner does, and sets it by the token of the mail.
func (o office) resetBy(id, address, secret string) {
	o.t.Helper()
	o.call(http.MethodPost, "/reset-password", `{"email":"`+address+`"}`).want(http.StatusAccepted)
	resets := o.state(id).Resets
	token := o.tokens.Issue(amhttp.ResetPasswordToken, o.parse(id), resets[len(resets)-1].ID)
	o.call(http.MethodPost, "/reset-password/confirm", `{"token":"`+token+`","new_password":"`+secret+`"}`).want(http.StatusNoContent)
}

// Eve signs up with the address of somebody who will come later. Once they took the account over by a mail to their
// address, nothing that she has lets her in.
func TestR10APreHijackedAddressLetsNobodyIn(t *testing.T) {
	o := newOffice(t)
	eve := `{"email":"victim@example.org","password":"what eve knows"}`
	victim := `{"email":"victim@example.org","password":"what the victim knows"}`
	id := o.call(http.MethodPost, "/users", eve).want(http.StatusCreated).string("id")
	mailed := o.mailed(id) // to the victim; Eve gets hold of it all the same, say
	o.call(http.MethodPost, "/login", eve).problem(http.StatusForbidden, "account.email-not-verified")
	o.call(http.MethodPost, "/users", victim).problem(http.StatusConflict, "account.user-already-exists")

	o.resetBy(id, "victim@example.org", "what the victim knows")
	o.call(http.MethodPost, "/verify-email", `{"token":"`+mailed+`"}`).problem(http.StatusBadRequest, "account.token-used")
	o.call(http.MethodPost, "/login", victim).problem(http.StatusForbidden, "account.email-not-verified") // a reset proves no address
	o.call(http.MethodPost, "/login", eve).problem(http.StatusUnauthorized, "account.invalid-credentials")
	o.pass(2 * time.Minute)
	o.call(http.MethodPost, "/verify-email/resend", `{"email":"victim@example.org"}`).want(http.StatusAccepted)
	o.call(http.MethodPost, "/verify-email", `{"token":"`+o.mailed(id)+`"}`).want(http.StatusNoContent)
	o.call(http.MethodPost, "/login", victim).want(http.StatusOK)
	o.call(http.MethodPost, "/login", eve).problem(http.StatusUnauthorized, "account.invalid-credentials")
}

// The same where addresses are not verified, or Eve's account was active for a while: what she prepared ends with the
// reset, her session and the change of the address that she asked for.
func TestR10WhatAHijackerPreparedEndsWithTheReset(t *testing.T) {
	o := newOffice(t)
	id, session := o.join("victim")
	o.wish("victim", "eve@example.org", session).want(http.StatusAccepted)
	change := o.changeToken(id)
	o.call(http.MethodPost, "/reset-password", `{"email":"victim@example.org"}`).want(http.StatusAccepted)
	resets := o.state(id).Resets
	older := o.tokens.Issue(amhttp.ResetPasswordToken, o.parse(id), resets[0].ID)
	o.pass(2 * time.Minute)

	o.resetBy(id, "victim@example.org", "what the victim knows")
	o.call(http.MethodGet, "/users/me", "", session...).problem(http.StatusUnauthorized, "request.unauthenticated")
	o.call(http.MethodPost, "/login", signUpBody("victim")).problem(http.StatusUnauthorized, "account.invalid-credentials")
	o.call(http.MethodPost, "/verify-email", `{"token":"`+change+`"}`).problem(http.StatusBadRequest, "account.token-used")
	o.call(http.MethodPost, "/reset-password/confirm", `{"token":"`+older+`","new_password":"what eve knows"}`).problem(http.StatusBadRequest, "account.token-used")
	if got := o.state(id).Email.Text(); got != "victim@example.org" {
		t.Errorf("the address is %q", got)
	}
}

// S36: the tokens that are out die with a change of the address, too.
func TestR10AChangeOfTheAddressVoidsResets(t *testing.T) {
	o := newOffice(t)
	id, auth := o.join("ann")
	o.call(http.MethodPost, "/reset-password", `{"email":"ann@example.org"}`).want(http.StatusAccepted)
	reset := o.tokens.Issue(amhttp.ResetPasswordToken, o.parse(id), o.state(id).Resets[0].ID)
	o.wish("ann", "new@example.org", auth).want(http.StatusAccepted)
	o.call(http.MethodPost, "/verify-email", `{"token":"`+o.changeToken(id)+`"}`).want(http.StatusNoContent)
	o.call(http.MethodPost, "/reset-password/confirm", `{"token":"`+reset+`","new_password":"what eve knows"}`).problem(http.StatusBadRequest, "account.token-used")
}
