// Package mail writes the service's mails and hands them to an SMTP server. It exists so that what a stranger reads
// from us is written in one place: links start with PUBLIC_URL and nothing else, and no text that a user chose stands
// in a mail to an address that this user has not proved to own, or sign-up would be a way to send anybody anything.
//
// Delivery is at least once. A mail carries the id of the effect that caused it as Message-ID, the same at every try,
// so that a mail server or reader can tell a repetition.
package mail

import (
	"errors"
	"fmt"

	"am-user-management/domain"
)

// Message is one mail, ready to go.
type Message struct {
	// Effect is the id of what caused the mail. It becomes the Message-ID.
	Effect domain.ID
	// To is one bare address.
	To      string
	Content Content
}

// Content is what a mail says.
type Content struct {
	Subject string
	Text    string
	HTML    string
}

// ErrPermanent is compared with errors.Is: the same mail will be refused again, so it need not be tried again.
var ErrPermanent = errors.New("the mail will never be accepted")

// DeliveryError is a mail that was not accepted. It quotes neither the address nor the server's words, which often
// repeat the address, so it may be logged and kept.
type DeliveryError struct {
	// Stage is where it ended: "connect", "sender", "recipient", "content", "message".
	Stage string
	// Code is the server's reply code; 0 if it gave none (network, time-out, or the message itself is not fit to send).
	Code int
	// Enhanced is the enhanced status code such as 5.1.1, if given.
	Enhanced  string
	permanent bool
	cause     error // only of the stage "connect", where no recipient was named yet
}

// Error names the stage and the codes.
func (e *DeliveryError) Error() string {
	switch {
	case e.cause != nil:
		return fmt.Sprintf("mail: %s: %v", e.Stage, e.cause)
	case e.Code == 0 && e.permanent:
		return fmt.Sprintf("mail: %s: not fit to be sent", e.Stage)
	case e.Code == 0:
		return fmt.Sprintf("mail: %s: the connection broke", e.Stage)
	case e.Enhanced == "":
		return fmt.Sprintf("mail: %s: refused with %d", e.Stage, e.Code)
	default:
		return fmt.Sprintf("mail: %s: refused with %d %s", e.Stage, e.Code, e.Enhanced)
	}
}

// Unwrap is the network's error, if there is one.
func (e *DeliveryError) Unwrap() error { return e.cause }

// Is makes permanent errors equal to ErrPermanent.
func (e *DeliveryError) Is(target error) bool { return target == ErrPermanent && e.permanent }

// Permanent reports whether another try is pointless.
func (e *DeliveryError) Permanent() bool { return e.permanent }
