package http

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"time"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/email"
	"am-user-management/internal/imports"
	hashes "am-user-management/internal/password"
	"am-user-management/internal/phone"
)

// Imports takes imports in and tells about them. *imports.Imports does.
type Imports interface {
	Accept(ctx context.Context, r commands.Request, rows []imports.Row) (domain.ID, error)
	Progress(ctx context.Context, id domain.ID) (imports.Progress, error)
	Results(ctx context.Context, id domain.ID, after, limit int, created *bool) ([]imports.Result, error)
}

// The bounds of one import.
const (
	mostRows      = 10_000
	mostRowRoles  = 20
	maxRoleName   = 64
	linesAtOnce   = 4
	linesPatience = 10 * time.Second
)

// importRow is one line of POST /imports. Null is as good as absent.
type importRow struct {
	ID           string   `json:"id,omitzero"`
	Email        string   `json:"email"`
	PasswordHash string   `json:"password_hash"`
	Phone        string   `json:"phone_number,omitzero"`
	FirstName    string   `json:"first_name,omitzero"`
	LastName     string   `json:"last_name,omitzero"`
	Timezone     string   `json:"timezone,omitzero"`
	Locale       string   `json:"locale,omitzero"`
	Status       string   `json:"status,omitzero"`
	Verified     *bool    `json:"verified,omitzero"`
	CreatedAt    string   `json:"created_at,omitzero"`
	Roles        []string `json:"roles,omitzero"`
}

// newImport is the answer to POST /imports.
type newImport struct {
	ID        domain.ID     `json:"id"`
	StatusURL string        `json:"status_url"`
	State     imports.State `json:"state"`
	Total     int           `json:"total"`
}

// importProgress is the answer to GET /imports/{id}.
type importProgress struct {
	ID         domain.ID     `json:"id"`
	State      imports.State `json:"state"`
	Counts     importCounts  `json:"counts"`
	AcceptedAt time.Time     `json:"accepted_at"`
	StartedAt  *time.Time    `json:"started_at,omitempty"`
	FinishedAt *time.Time    `json:"finished_at,omitempty"`
	// The page of rows. It is not embedded, because not everything sees fields within fields.
	Items      []importResult `json:"items"`
	NextCursor *string        `json:"next_cursor"`
}

type importCounts struct {
	Total   int `json:"total"`
	Done    int `json:"done"`
	Created int `json:"created"`
	Failed  int `json:"failed"`
}

// importResult is what came of one row: the user's id, or a problem.
type importResult struct {
	Row    int                 `json:"row"`
	Status string              `json:"status"`
	ID     *domain.ID          `json:"id,omitempty"`
	Code   string              `json:"code,omitempty"`
	Title  string              `json:"title,omitempty"`
	Errors []domain.FieldError `json:"errors,omitempty"`
}

const (
	rowCreated = "created"
	rowFailed  = "failed"
)

// importStatus picks rows of an import.
var importStatus = Parameter{Name: "status", About: "Only rows that were created, or that failed: created or failed.", Kind: ""}

// admitLines lets in who may send a body of many lines, and not many of them at once: such a body is not even read for
// anybody else.
func (s *Server) admitLines(c *call) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), s.deadline)
	defer cancel()
	if err := s.authenticate(ctx, c); err != nil {
		return nil, err
	}
	select {
	case s.lines <- struct{}{}:
		return func() { <-s.lines }, nil
	default:
		return nil, errBusy
	}
}

// startImport answers POST /imports. Rows are judged one by one; a row that cannot be is a failed row, and no reason to
// refuse the others.
func (s *Server) startImport(ctx context.Context, c *call) error {
	rows, err := s.readRows(c.body)
	if err != nil {
		return err
	}
	command, err := s.command(ctx, c)
	if err != nil {
		return err
	}
	id, err := s.imports.Accept(ctx, command, rows)
	if err != nil {
		return err
	}
	status := "/imports/" + id.String()
	c.Response().Header().Set("Location", status)
	return c.answer(http.StatusAccepted, newImport{ID: id, StatusURL: status, State: imports.Queued, Total: len(rows)})
}

// readRows reads lines. Blank ones are none; the number of a row is that of its line, from 1.
func (s *Server) readRows(body []byte) ([]imports.Row, error) {
	var rows []imports.Row
	number := 0
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(rows) == mostRows {
			return nil, errTooManyLines
		}
		rows = append(rows, readRow(number, line))
	}
	if len(rows) == 0 {
		return nil, invalid("", "must have at least one row")
	}
	return rows, nil
}

func readRow(number int, line []byte) imports.Row {
	user, err := parseRow(line)
	if err == nil {
		return imports.Row{Number: number, User: &user}
	}
	if rule, ok := errors.AsType[*domain.Error](err); ok {
		return imports.Faulty(number, rule)
	}
	return imports.Faulty(number, domain.ErrInvalid)
}

func parseRow(line []byte) (commands.Imported, error) {
	var row importRow
	if len(line) > maxBody {
		return commands.Imported{}, invalid("", "must have at most 64 KiB")
	}
	if err := Bind(line, &row); err != nil {
		return commands.Imported{}, err
	}
	return row.parse()
}

// parse finds what is wrong with the fields that no module of the domain judges.
func (r importRow) parse() (commands.Imported, error) {
	var faults domain.Faults
	user := commands.Imported{
		PasswordHash: r.PasswordHash, FirstName: r.FirstName, LastName: r.LastName,
		Timezone: r.Timezone, Locale: r.Locale, Status: r.status(&faults), Roles: r.roles(&faults),
	}
	var err error
	if r.ID != "" {
		if user.ID, err = domain.ParseID(r.ID); err != nil || user.ID.IsZero() {
			faults.Add("id", "must be a UUID")
		}
	}
	if r.CreatedAt != "" {
		at, err := time.Parse(time.RFC3339, r.CreatedAt)
		if user.CreatedAt = instant(at); err != nil || user.CreatedAt.IsZero() {
			faults.Add("created_at", "must be "+aTime)
		}
	}
	user.Phone, err = phone.Parse(r.Phone)
	faults = append(faults, faultsOf(err)...)
	if hashes.Importable(r.PasswordHash) != nil {
		faults.Add("password_hash", "must be an argon2id hash in a PHC string, or a bcrypt hash, of a bearable cost")
	}
	parsed, err := email.Parse(r.Email)
	faults = append(faults, faultsOf(err)...)
	user.Email, user.EmailNormal = parsed.Text, parsed.Normal
	return user, faults.Err()
}

// status is the status that a row asks for: an address counts as proven, unless the row says that it is not.
func (r importRow) status(faults *domain.Faults) account.Status {
	verified := r.Verified == nil || *r.Verified
	switch status := account.Status(r.Status); {
	case status == "" && verified:
		return account.Active
	case status == "":
		return account.PendingVerification
	case status == account.PendingVerification && r.Verified != nil && verified,
		status == account.Active && !verified:
		faults.Add("status", "must not contradict verified")
		return status
	default:
		return status
	}
}

// roles are the roles that a row asks for, each once. Whether they exist, and may be given, is judged later.
func (r importRow) roles(faults *domain.Faults) []string {
	names := slices.Compact(slices.Sorted(slices.Values(r.Roles)))
	if len(names) > mostRowRoles || slices.ContainsFunc(names, func(name string) bool { return name == "" || len(name) > maxRoleName }) {
		faults.Add("roles", "must be at most 20 names of roles")
		return nil
	}
	return names
}

// importProgress answers GET /imports/{id}. Its Consistency-Token is that of the users that were made so far.
func (s *Server) importProgress(ctx context.Context, c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	limit, after, created, err := s.importPage(c, id)
	if err != nil {
		return err
	}
	progress, err := s.imports.Progress(ctx, id)
	if err != nil {
		return err
	}
	results, err := s.imports.Results(ctx, id, after, limit+1, created)
	if err != nil {
		return err
	}
	answer := importProgress{
		ID: id, State: progress.State, AcceptedAt: progress.AcceptedAt, StartedAt: progress.StartedAt, FinishedAt: progress.FinishedAt,
		Counts: importCounts{
			Total: progress.Total, Done: progress.Created + progress.Failed, Created: progress.Created, Failed: progress.Failed,
		},
	}
	if len(results) > limit {
		results = results[:limit]
		cursor := s.cursors.seal(importCursor(id, results[limit-1].Number))
		answer.NextCursor = &cursor
	}
	answer.Items = make([]importResult, len(results))
	for i, result := range results {
		answer.Items[i] = resultOf(result)
	}
	if !progress.Position.IsZero() {
		c.set("Consistency-Token", s.positions.Text(progress.Position))
	}
	return c.answer(http.StatusOK, answer)
}

func resultOf(result imports.Result) importResult {
	if result.Created() {
		return importResult{Row: result.Number, Status: rowCreated, ID: &result.User}
	}
	return importResult{Row: result.Number, Status: rowFailed, Code: result.Code, Title: result.Title, Errors: result.Fields}
}

const importCursorSize = len(domain.ID{}) + 4

// importCursor is a row's place in the results of its import.
func importCursor(id domain.ID, row int) []byte {
	return binary.BigEndian.AppendUint32(slices.Clone(id[:]), uint32(row))
}

func (s *Server) importPage(c *call, id domain.ID) (limit, after int, created *bool, err error) {
	query := c.query
	if limit, err = c.limit(); err != nil {
		return 0, 0, nil, err
	}
	if query.Has("cursor") {
		place, ok := s.cursors.open(query.Get("cursor"), importCursorSize)
		if !ok || !bytes.Equal(place[:len(id)], id[:]) {
			return 0, 0, nil, invalid("cursor", "must be a next_cursor of this list")
		}
		after = int(binary.BigEndian.Uint32(place[len(id):]))
	}
	if query.Has("status") {
		is := query.Get("status") == rowCreated
		if created = &is; !is && query.Get("status") != rowFailed {
			return 0, 0, nil, invalid("status", "must be created or failed")
		}
	}
	return limit, after, created, nil
}
