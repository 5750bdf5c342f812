package http

import (
	"context"
	"net/http"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
)

// createUser is the body of POST /admin/users: that of a sign-up, and what only administrators say.
type createUser struct {
	Email     string `json:"email"`
	Password  string `json:"password"`
	Phone     string `json:"phone_number,omitzero"`
	FirstName string `json:"first_name,omitzero"`
	LastName  string `json:"last_name,omitzero"`
	Timezone  string `json:"timezone,omitzero"`
	Locale    string `json:"locale,omitzero"`

	ID     string         `json:"id,omitzero"`
	Status account.Status `json:"status,omitzero"`
	Roles  []string       `json:"roles,omitzero"`
}

// maxRoles is how many roles a new user is given at most.
const maxRoles = 50

// createUser answers POST /admin/users. That an address is taken is no secret to whoever may ask this.
func (s *Server) createUser(ctx context.Context, c *call) error {
	var body createUser
	if err := c.bind(&body); err != nil {
		return err
	}
	user, err := body.parse()
	if err != nil {
		return err
	}
	command, err := s.command(ctx, c, password{"password", body.Password})
	if err != nil {
		return err
	}
	outcome, err := s.commands.CreateUser(ctx, command, c.permissions, user)
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	return c.created(outcome.State)
}

func (b createUser) parse() (commands.NewUser, error) {
	account := signUp{
		Email: b.Email, Password: b.Password, Phone: b.Phone,
		FirstName: b.FirstName, LastName: b.LastName, Timezone: b.Timezone, Locale: b.Locale,
	}
	parsed, err := account.parse()
	faults := faultsOf(err)
	var id domain.ID
	if b.ID != "" {
		if id, err = domain.ParseID(b.ID); err != nil || id.IsZero() {
			faults.Add("id", "must be a UUID")
		}
	}
	if len(b.Roles) > maxRoles {
		faults.Add("roles", "must be at most 50")
	}
	registration := account.registration(parsed)
	registration.ID = id
	return commands.NewUser{Registration: registration, Status: b.Status, Roles: b.Roles}, faults.Err()
}

// reason is the body of what is done to somebody's account. It becomes part of the history.
type reason struct {
	Reason string `json:"reason,omitzero"`
}

// deactivateUser answers POST /users/{id}/deactivate.
func (s *Server) deactivateUser(ctx context.Context, c *call) error {
	return s.manage(ctx, c, s.commands.Deactivate)
}

// reactivateUser answers POST /users/{id}/reactivate.
func (s *Server) reactivateUser(ctx context.Context, c *call) error {
	return s.manage(ctx, c, s.commands.Reactivate)
}

// unlockUser answers POST /users/{id}/unlock.
func (s *Server) unlockUser(ctx context.Context, c *call) error {
	return s.manage(ctx, c, s.commands.Unlock)
}

// management is a command about the account of somebody else, in the name of somebody with these permissions.
type management func(ctx context.Context, r commands.Request, permissions []string, user domain.ID) (commands.Outcome[account.State], error)

// manage carries it out and answers with the account as it is now.
func (s *Server) manage(ctx context.Context, c *call, do management) error {
	user, command, err := s.managing(ctx, c)
	if err != nil {
		return err
	}
	outcome, err := do(ctx, command, c.permissions, user)
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	view := s.accountView(outcome)
	return c.answerEntity(view.Version.Revision, view)
}

// managing reads whose account is meant, and the command with its reason and its precondition.
func (s *Server) managing(ctx context.Context, c *call) (domain.ID, commands.Request, error) {
	var body reason
	if err := c.bind(&body); err != nil {
		return domain.ID{}, commands.Request{}, err
	}
	user, err := c.id()
	if err != nil {
		return domain.ID{}, commands.Request{}, err
	}
	command, err := s.command(ctx, c)
	if err != nil {
		return domain.ID{}, commands.Request{}, err
	}
	command.Reason = body.Reason
	command.IfMatch, err = ifMatch(c.Request().Header)
	return user, command, err
}

// erasing is the answer to a request for an erasure.
type erasing struct {
	ErasureID string `json:"erasure_id"`
	StatusURL string `json:"status_url"`
}

// eraseUser answers DELETE /users/{id}.
func (s *Server) eraseUser(ctx context.Context, c *call) error {
	user, command, err := s.managing(ctx, c)
	if err != nil {
		return err
	}
	outcome, err := s.commands.EraseUser(ctx, command, c.permissions, user)
	return s.erasing(c, outcome, err)
}

// proof is the body of what only the owner of an account may do to it.
type proof struct {
	Password string `json:"password"`
}

// eraseSelf answers DELETE /users/me.
func (s *Server) eraseSelf(ctx context.Context, c *call) error {
	var body proof
	if err := c.bind(&body); err != nil {
		return err
	}
	if body.Password == "" {
		return invalid("password", "is required")
	}
	command, err := s.command(ctx, c, password{"password", body.Password})
	if err != nil {
		return err
	}
	if command.IfMatch, err = ifMatch(c.Request().Header); err != nil {
		return err
	}
	outcome, err := s.commands.EraseSelf(ctx, command, c.user, body.Password)
	return s.erasing(c, outcome, err)
}

// erasureToken is the purpose of the texts that name erasures. Whoever has one may ask how far the erasure is: no session
// of the user is left to ask with.
const erasureToken = "erasure"

// erasing answers where to ask how far an erasure is.
func (s *Server) erasing(c *call, outcome commands.Outcome[account.State], err error) error {
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	id := s.tokens.Issue(erasureToken, outcome.State.UserID, outcome.State.ErasureID)
	return c.answer(http.StatusAccepted, erasing{ErasureID: id, StatusURL: "/erasures/" + id})
}
