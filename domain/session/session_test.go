package session_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/session"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[session.State, session.Event]
	Event = session.Event
)

var (
	id      = domain.ID{1}
	ann     = domain.ID{2}
	bob     = domain.ID{3}
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	started = session.SessionStarted{
		SessionID: id, UserID: ann, SecretHash: "5eed",
		IP: domain.NewPersonal("192.0.2.1"), UserAgent: domain.NewPersonal("curl"),
		StartedAt: noon, ExpiresAt: noon.Add(24 * time.Hour), IdleSeconds: 7200,
	}
	ended = session.SessionEnded{SessionID: id, UserID: ann, Reason: session.LoggedOut, EndedAt: noon.Add(time.Hour)}
)

func TestStart(t *testing.T) {
	command := session.Start{
		SessionID: id, UserID: ann, SecretHash: "5eed", IP: started.IP, UserAgent: started.UserAgent,
		ExpiresAt: started.ExpiresAt, Idle: 2 * time.Hour, Now: noon,
	}
	bobs, otherSecret := command, command
	bobs.UserID = bob
	otherSecret.SecretHash = "0ther"
	estest.Run(t, session.Events, map[string]Case{
		"opens a session":                       {When: command, Then: []Event{started}},
		"opens it once":                         {Given: []Event{started}, When: command},
		"never hands a session to another user": {Given: []Event{started}, When: bobs, Err: session.ErrAlreadyStarted},
		"never gives a session another secret":  {Given: []Event{started}, When: otherSecret, Err: session.ErrAlreadyStarted},
		"does not open an ended session again":  {Given: []Event{started, ended}, When: command},
	})
}

func TestEnd(t *testing.T) {
	by := func(user domain.ID) session.End {
		return session.End{SessionID: id, UserID: user, Reason: session.LoggedOut, Now: ended.EndedAt}
	}
	estest.Run(t, session.Events, map[string]Case{
		"ends the user's session":          {Given: []Event{started}, When: by(ann), Then: []Event{ended}},
		"ends a session that was shown":    {Given: []Event{started}, When: by(domain.ID{}), Then: []Event{ended}},
		"ends it once":                     {Given: []Event{started, ended}, When: by(ann)},
		"does not see another's session":   {Given: []Event{started}, When: by(bob), Err: session.ErrNotFound},
		"does not see another's, if ended": {Given: []Event{started, ended}, When: by(bob), Err: session.ErrNotFound},
		"does not end what never started":  {When: by(domain.ID{}), Err: session.ErrNotFound},
	})
}

func TestStateOfASession(t *testing.T) {
	want := session.State{
		UserID: ann, SecretHash: "5eed", StartedAt: noon, ExpiresAt: noon.Add(24 * time.Hour),
		Idle: 2 * time.Hour, EndedAt: ended.EndedAt,
	}
	if diff := estest.Diff(want, session.State{}.Evolve(started).Evolve(ended)); diff != "" {
		t.Error(diff)
	}
}

func TestCommandsGoToTheSessionsStream(t *testing.T) {
	const want = "session-01000000-0000-0000-0000-000000000000"
	if start, end := (session.Start{SessionID: id}).Stream(), (session.End{SessionID: id}).Stream(); start != want || end != want {
		t.Errorf("start %s, end %s", start, end)
	}
}

func TestASessionTellsAboutItsUser(t *testing.T) {
	if got := started.Subject(); got != ann {
		t.Error(got)
	}
}
