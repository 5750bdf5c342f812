package http

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/admins"
	"am-user-management/domain/plan"
	"am-user-management/domain/profile"
	"am-user-management/domain/roles"
	"am-user-management/domain/session"
	"am-user-management/domain/subscription"
	"am-user-management/internal/imports"
	"am-user-management/internal/limiter"
	hashing "am-user-management/internal/password"
)

// mayFail lists the problems of a route: those that follow from what it takes, and those it names itself.
func (r Route) mayFail() []error {
	all := []error{errInternal, errBusy}
	add := func(condition bool, more ...error) {
		if condition {
			all = append(all, more...)
		}
	}
	takes := !r.AnyQuery || r.Body != nil || r.writes() || r.Reads != "" || strings.Contains(r.Path, ":")
	add(takes, domain.ErrInvalid)
	add(r.Auth != Anonymous, errUnauthenticated)
	add(r.Auth == Session, account.ErrInactive)
	add(r.Permission != "", roles.ErrPermissionDenied)
	add(r.Body != nil && !r.Lines, errTooLarge, errMediaType)
	add(r.Lines, errTooManyLines, errLinesType)
	add(r.IfMatch, commands.ErrPreconditionFailed)
	add(r.Reads != "", errBehind, commands.ErrUnavailable)
	add(r.Provisioned != nil, errOnboarding)
	add(r.writes(), commands.ErrConflict, commands.ErrKeyReused, commands.ErrOutcomeUnknown, commands.ErrUnavailable,
		commands.ErrNotYetEffective)
	rules := r.Problems
	if rules == nil && (r.Method != http.MethodGet || r.Auth == Session || strings.Contains(r.Path, ":")) {
		rules = rulesOf(r)
	}
	for _, rule := range rules {
		all = append(all, rule)
	}
	return all
}

// rulesOf are those that a route may say no by which does not name its own: any of its module, and for a read those
// about what is not there.
func rulesOf(r Route) []*domain.Error {
	var all []*domain.Error
	switch r.Module {
	case Core:
	case Account:
		all = []*domain.Error{
			account.ErrNotFound, session.ErrNotFound, account.ErrAlreadyExists, account.ErrIDUsed, account.ErrRegistrationExpired, account.ErrAlreadyErasing, account.ErrEmailNotVerified,
			account.ErrInactive, account.ErrInvalidCredentials, account.ErrTokenInvalid, account.ErrTokenExpired, account.ErrTokenUsed,
			limiter.ErrLocked, limiter.ErrSource, limiter.ErrUnreachable, hashing.ErrBusy, admins.ErrLast, roles.ErrPermissionDenied,
			imports.ErrNotFound, roles.ErrNotFound, errNoErasure,
		}
	case Profile:
		all = []*domain.Error{profile.ErrNotFound, account.ErrNotFound}
	case Subscription:
		all = []*domain.Error{
			subscription.ErrNotFound, plan.ErrNotFound, subscription.ErrTrialUsed, subscription.ErrNotAnUpgrade,
			subscription.ErrNotADowngrade, subscription.ErrInTrial, subscription.ErrNotRenewing, subscription.ErrOver,
		}
	case Roles:
		all = []*domain.Error{
			roles.ErrNotFound, account.ErrNotFound, roles.ErrPermissionDenied, roles.ErrAdminProtected, roles.ErrDefault, admins.ErrLast,
		}
	}
	if r.Method == http.MethodGet {
		all = slices.DeleteFunc(all, func(rule *domain.Error) bool { return rule.Kind != domain.NotFound })
	}
	return all
}

// problems are the answers of a route when something goes wrong, by status, with an example of each problem.
func (d *schemas) problems(route Route) map[string]*huma.Response {
	responses := make(map[string]*huma.Response)
	for _, cause := range route.mayFail() {
		example, code := problemOf(cause)
		example.Instance = "0b7e0d0e-7d1c-4f6c-9d58-0f5f8f0e7b11"
		if errors.Is(cause, domain.ErrInvalid) {
			example.Errors = []domain.FieldError{{Field: "body", Message: "must be a JSON object"}}
		}
		status := strconv.Itoa(example.Status)
		response := responses[status]
		if response == nil {
			response = d.problemResponse(example.Status)
			responses[status] = response
		}
		content := response.Content["application/problem+json"]
		if _, twice := content.Examples[code]; twice {
			continue
		}
		content.Examples[code] = &huma.Example{Summary: example.Title, Value: example}
		types := content.Schema.AllOf[1].Properties["type"]
		types.Enum = append(types.Enum, example.Type)
		response.Description += "\n- `" + code + "`: " + example.Title
	}
	return responses
}

func (d *schemas) problemResponse(status int) *huma.Response {
	var names []string
	switch status {
	case http.StatusUnauthorized:
		names = append(names, "WWW-Authenticate")
	case http.StatusTooManyRequests:
		names = append(names, "Retry-After")
	case http.StatusServiceUnavailable:
		names = append(names, "Retry-After", "Consistency-Token", "ETag", "Projection-Position", "Preference-Applied")
	}
	return &huma.Response{
		Description: http.StatusText(status), Headers: answering(names...),
		Content: map[string]*huma.MediaType{"application/problem+json": {
			Schema: &huma.Schema{AllOf: []*huma.Schema{
				d.of(problem{}),
				{Properties: map[string]*huma.Schema{"type": {Type: huma.TypeString}}},
			}},
			Examples: make(map[string]*huma.Example),
		}},
	}
}
