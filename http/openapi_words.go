package http

import "github.com/danielgtaylor/huma/v2"

// word is what a name means in the contract, wherever it stands, with an example and what the server holds it to.
type word struct {
	about   string
	example any
	format  string
	pattern string
	// least and most are the shortest and the longest text in characters, the smallest and the largest number, or the
	// fewest and the most items; most 0 is no limit.
	least, most int
	oneOf       []any
}

// lookUp is the meaning of a name in a place: that of the place's own, or the one that the name has everywhere.
func lookUp(place, name string) word {
	all := words()
	if own, found := all[place+"."+name]; found {
		return own
	}
	return all[name]
}

// describe applies a word to a parameter or header.
func (w word) describe(p *huma.Param) {
	p.Description = w.about
	if w.example != nil {
		p.Example = w.example
	}
	w.limit(p.Schema)
	p.Schema.Description, p.Schema.Examples = "", nil
}

// limit applies a word to a schema.
func (w word) limit(s *huma.Schema) {
	if s.Ref != "" {
		return // its own type says what it is
	}
	s.Description = w.about
	if w.example != nil {
		s.Examples = []any{w.example}
	}
	if w.format != "" {
		s.Format = w.format
	}
	s.Pattern, s.Enum = w.pattern, w.oneOf
	least, most := optionalInt(w.least), optionalInt(w.most)
	switch s.Type {
	case huma.TypeString:
		s.MinLength, s.MaxLength = least, most
	case huma.TypeArray:
		s.MinItems, s.MaxItems = least, most
	case "": // raw JSON: of what kind, only the example tells; null where it was erased, or to clear it
		if _, object := w.example.(map[string]any); object {
			s.Type, s.Nullable, s.AdditionalProperties = huma.TypeObject, true, true
		}
	case huma.TypeInteger:
		s.Minimum, s.Maximum = number(least), number(most)
	}
}

func optionalInt(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func number(n *int) *float64 {
	if n == nil {
		return nil
	}
	f := float64(*n)
	return &f
}

const (
	exampleID    = "6f1f9d3c-7d1c-4f6c-9d58-0f5f8f0e7b11"
	exampleTime  = "2026-11-23T12:00:00Z"
	exampleToken = "q83vEjRWeJAB_-3tyamFZEMhAAAAAAAAAAAAAA" //nolint:gosec // it opens nothing: an example of the contract
)

func values(texts ...any) []any { return texts }

func jobStateValues() []any {
	var texts []any
	for _, state := range jobStates() {
		texts = append(texts, state)
	}
	return texts
}

// words is the vocabulary of the contract: the name of a field, parameter or header, or "Schema.name" where a name
// means something else in one place. A name that is missing here fails a test.
func words() map[string]word {
	address := word{about: "An e-mail address. The domain may be international; the part before the @ is ASCII.", example: "ada@example.org", least: 1, most: 254}
	chosen := word{about: "A new password, 8 to 256 characters, of any kind.", example: "correct horse battery", least: 8, most: 256}
	shown := word{about: "The present password.", example: "correct horse battery"}
	mailed := word{about: "The token of the mail.", example: exampleToken, most: 200}
	name := word{about: "One line of at most 100 characters, not only blanks.", example: "Ada", most: 100}
	account := word{about: "Whether the account may be used.", example: "ACTIVE", oneOf: values("ACTIVE", "INACTIVE", "PENDING_VERIFICATION")}
	instant := func(text string) word { return word{about: text, example: exampleTime} }
	return map[string]word{
		// people and accounts
		"id":               {about: "The id.", example: exampleID},
		"user_id":          {about: "The id of a user.", example: exampleID},
		"email":            address,
		"new_email":        address,
		"password":         shown,
		"SignUp.password":  chosen,
		"NewUser.password": chosen,
		"new_password":     chosen,
		"current_password": shown,
		"password_hash":    {about: "A hash made elsewhere: argon2id as a PHC string, or bcrypt.", example: "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"},
		"phone_number":     {about: "A number as ITU E.164 writes it.", example: "+4915112345678", most: 16},
		"first_name":       name,
		"last_name":        {about: name.about, example: "Lovelace", most: 100},
		"bio":              {about: "A few words about oneself; at most MAX_BIO_LENGTH characters, 500 unless set.", example: "Wrote the first program."},
		"picture_url":      {about: "An https URL that ends in an allowed format. It is never fetched.", example: "https://img.example.org/ada.png", most: 2048},
		"timezone":         {about: "A place of the IANA time zone database.", example: "Europe/Berlin", most: 64},
		"locale":           {about: "A language tag (BCP 47).", example: "en-GB", most: 35},
		"metadata":         {about: "Free fields of one's own: an object of at most 16 KiB, 50 keys and 16 levels. A patch is merged into it.", example: map[string]any{"theme": "dark"}},
		"status":           account,
		"locked_until":     instant("Until when no password is tried; absent if one may be."),
		"verified_at":      instant("When the address was proven; null until then."),
		"created_at":       instant("When it was made."),
		"updated_at":       instant("When it was changed last."),
		"token":            mailed,
		"reason":           {about: "Why, for the history.", example: "asked for by the customer", most: 500},
		"erasure_id":       {about: "The id of the erasure.", example: exampleID},
		"status_url":       {about: "Where to ask how far it is.", example: "/erasures/" + exampleID},
		"roles":            {about: "Names of roles.", example: values("viewer")},
		"session_id":       {about: "The secret of the session: the bearer credential of further requests.", example: "w6uP8Tcg6K2QR905Rms8iXTlksL6OD1KOWBxTK7wxPI", most: 100},
		"expires_at":       instant("When it ends."),
		"idle_expires_at":  instant("When it ends unless it is used before."),
		"last_seen_at":     instant("When it was used last, to the minute."),
		"ip":               {about: "The address that it was started from.", example: "203.0.113.9"},
		"user_agent":       {about: "The program that it was started from.", example: "Mozilla/5.0"},
		"current":          {about: "Whether it is the one that asks.", example: true},
		"steps":            {about: "The steps after the sign-up."},
		"Step.name":        {about: "The step.", example: "trial", oneOf: values("trial", "profile", "role", "mail", "token")},
		"Step.status":      {about: "done; pending, not tried yet; retrying after a failure; failed, given up until an operator tries again.", example: "done", oneOf: values("done", "pending", "retrying", "failed")},
		"attempts":         {about: "How often it was tried.", example: 1},
		"last_error":       {about: "Why the last try failed.", example: "the mail server does not answer"},
		"done_at":          instant("When it was done."),
		"step":             {about: "The step of an onboarding that it does.", example: "mail"},
		"items":            {about: "The page, in order."},
		"next_cursor":      {about: "Where the next page begins; null on the last one.", example: exampleToken},
		"limit":            {about: "How many items at most.", example: 50, least: 1, most: 200},
		"cursor":           {about: "The next_cursor of the page before.", example: exampleToken, most: 500},
		"prefix":           {about: "The beginning of an address or a name.", example: "ada", most: 254},
		"users.status":     {about: "A status.", example: "ACTIVE", oneOf: values("ACTIVE", "INACTIVE", "PENDING_VERIFICATION")},
		"sessions.id":      {about: "The id of a session, as listed; not its secret.", example: exampleID, format: "uuid"},
		"users.id":         {about: "The id of a user.", example: exampleID, format: "uuid"},
		"imports.id":       {about: "The id of an import.", example: exampleID, format: "uuid"},
		"active":           {about: "Whether the session holds.", example: true},
		"permissions":      {about: "What is permitted, resource:action, with * for all.", example: values("user:read")},

		// plans and subscriptions
		"plan_id":              {about: "The id of a plan.", example: "pro", most: 64},
		"plans.id":             {about: "The id of a plan.", example: "pro", most: 64},
		"Plan.id":              {about: "The id of the plan.", example: "pro"},
		"Plan.name":            {about: "What people call it.", example: "Pro"},
		"price":                {about: "In the smallest unit of the currency, for one interval.", example: 1900},
		"currency":             {about: "ISO 4217.", example: "USD"},
		"interval":             {about: "What the price is for.", example: "month"},
		"features":             {about: "What it includes.", example: values("api")},
		"rank":                 {about: "Plans of a higher rank are upgrades.", example: 20},
		"Subscription.status":  {about: "Whether it is in force.", example: "ACTIVE", oneOf: values("ACTIVE", "CANCELLED", "EXPIRED")},
		"trial":                {about: "Whether it is a trial.", example: true},
		"trial_ends_at":        instant("When the trial ends."),
		"auto_renew":           {about: "Whether it renews itself.", example: true},
		"cancel_at_period_end": {about: "Whether it ends with the period.", example: false},
		"immediately":          {about: "Now, and not at the end of the period.", example: false},

		"next_plan_id":            {about: "The plan of the next period, if it is another.", example: "basic"},
		"PlanDefinition.name":     {about: "What people call it.", example: "Pro", least: 1, most: 100},
		"PlanDefinition.price":    {about: "In the smallest unit of the currency, for one interval.", example: 1900},
		"PlanDefinition.currency": {about: "ISO 4217; that of the installation unless given.", example: "USD", pattern: "^[A-Z]{3}$"},
		"PlanDefinition.interval": {about: "What the price is for.", example: "month", oneOf: values("month", "year")},

		// changes
		"after":            {about: "The next_cursor that was answered last, or a Consistency-Token.", example: exampleToken, most: 500},
		"types":            {about: "Event types or their beginnings, separated by commas.", example: "account.,profile.", most: 1000},
		"wait":             {about: "Seconds to wait for an event.", example: 1, most: 10},
		"stream":           {about: "What it happened to.", example: "account-" + exampleID},
		"revision":         {about: "Its place in the stream.", example: 3},
		"recorded_at":      instant("When it was recorded."),
		"actor":            {about: "Who wanted it."},
		"ChangeActor.id":   {about: "The id of a user, the name of a service or of a saga.", example: exampleID},
		"ChangeActor.kind": {about: "What the actor is.", example: "user"},
		"on_behalf_of":     {about: "The user for whom a saga or a service acted.", example: exampleID},
		"correlation_id":   {about: "The same for all that one request led to.", example: exampleID},
		"causation_id":     {about: "The command or the event that led to it.", example: exampleID},
		"data":             {about: "The event's own fields; what was erased is null.", example: map[string]any{"user_id": exampleID}},
		"Change.id":        {about: "The id of the event.", example: exampleID},
		"Change.type":      {about: "The type of the event; it never changes its meaning.", example: "account.user_created.v1"},

		// roles
		"roles.role": {about: "The name of a role.", example: "editor", most: 64},
		"roles.name": {about: "The name of a role.", example: "editor", most: 64},
		"role":       {about: "The name of a role.", example: "editor", most: 64},
		"inherits":   {about: "Roles that it contains.", example: values("viewer")},
		"permission": {about: "resource:action.", example: "user:read", most: 129},
		"allowed":    {about: "Whether it is permitted.", example: true},
		"via":        {about: "The roles on the way to the one that permits it.", example: values("admin", "editor")},

		"Role.name":                  {about: "The name of the role.", example: "editor"},
		"RoleDefinition.permissions": {about: "What it permits, resource:action, with * for all.", example: values("user:read")},
		"built_in":                   {about: "Whether the program brought it along.", example: true},
		"assigned_at":                instant("When it was given."),
		"RoleGrant.expires_at":       {about: "When it ends by itself; it stays for good unless given.", example: "2030-01-01T00:00:00Z"},
		"PermissionCheck.user_id":    {about: "Whom it is about; oneself unless given.", example: exampleID, format: "uuid"},
		"Introspection.session_id":   {about: "The secret of a session.", example: "w6uP8Tcg6K2QR905Rms8iXTlksL6OD1KOWBxTK7wxPI"},

		"CreateUser.password": chosen,
		"CreateUser.id":       {about: "The id that the user is to have; a new one unless given.", example: exampleID, format: "uuid"},
		"CreateUser.roles":    {about: "Roles to begin with, beside the default one.", example: values("viewer")},
		"erasures.id":         {about: "The erasure_id that was answered.", example: exampleID, most: 100},
		"Erasure.state":       {about: "How far it is.", example: "pending", oneOf: values("pending", "done")},
		"requested_at":        instant("When it was asked for."),

		// imports
		"NewImport.state":      {about: "How far it is.", example: "QUEUED", oneOf: values("QUEUED", "RUNNING", "DONE", "GIVEN_UP")},
		"ImportProgress.state": {about: "How far it is.", example: "RUNNING", oneOf: values("QUEUED", "RUNNING", "DONE", "GIVEN_UP")},
		"NewImport.status_url": {about: "Where to ask how far it is.", example: "/imports/" + exampleID},
		"counts":               {about: "How many rows there are, and what came of them."},
		"total":                {about: "All rows.", example: 2},
		"done":                 {about: "Rows that were tried.", example: 2},
		"created":              {about: "Rows that became users.", example: 1},
		"failed":               {about: "Rows that did not.", example: 1},
		"accepted_at":          instant("When it was taken in."),
		"started_at":           instant("When it began."),
		"row":                  {about: "The number of the row, from 1.", example: 2},
		"ImportResult.status":  {about: "What came of the row.", example: "created", oneOf: values("created", "failed")},
		"code":                 {about: "The code of the rule that it broke.", example: "account.user-already-exists"},
		"verified":             {about: "Whether the address counts as proven, which it does unless given.", example: true},
		"ImportRow.created_at": {about: "When the account was made elsewhere.", example: "2020-01-31T12:00:00Z"},
		"ImportRow.id":         {about: "The id that the user is to have; a new one unless given.", example: exampleID},
		"imports.status":       {about: "Only what is so.", example: "created"},

		// operators
		"jobs.id":           {about: "The id of a job.", example: "17", pattern: "^[1-9][0-9]*$", most: 19},
		"Job.id":            {about: "The id of the job.", example: 17},
		"kind":              {about: "What it does.", example: "send_mail"},
		"state":             {about: "Where it stands.", example: "discarded", oneOf: jobStateValues()},
		"max_attempts":      {about: "After how many tries it is given up.", example: 25},
		"scheduled_at":      instant("When it is tried next, or was tried last."),
		"finished_at":       instant("When it was done or given up."),
		"projections.name":  {about: "The name of a view.", example: "profiles", most: 64},
		"Projection.name":   {about: "The name of the view.", example: "profiles"},
		"position":          {about: "A place in the log, as in Consistency-Token.", example: exampleToken},
		"lag":               {about: "Distance to the end of the log, in its own positions.", example: 120},
		"behind_seconds":    {about: "Age of the first event that the view has not passed.", example: 0.4},
		"events_per_second": {about: "Events handled on this instance, over the last ten seconds.", example: 250},
		"event_id":          {about: "The id of the event.", example: exampleID},
		"error":             {about: "Why it cannot be applied.", example: "there is no column of that name"},
		"at":                instant("When it halted."),
		"parked":            {about: "Streams that the view leaves alone until it is rebuilt, those that were parked first."},
		"parked_at":         instant("When it was parked."),
		"rebuild":           {about: "The last rebuild, if there was one."},
		"Rebuild.state":     {about: "How it stands; after ABANDONED it is to be asked for again.", example: "DONE", oneOf: values("RUNNING", "DONE", "FAILED", "ABANDONED")},
		"Rebuild.error":     {about: "Why it failed.", example: "the event store does not answer"},
		"repaired_rows":     {about: "Rows of the view that were not as the log says, and are now.", example: 0},
		"removed_rows":      {about: "Rows of the view that the log knows nothing of.", example: 0},
		"checks":            {about: "What the service needs."},
		"Check.name":        {about: "What it is.", example: "postgres"},
		"fault":             {about: "Why it is not there; absent if it is.", example: "does not answer"},
		"metrics.name[]":    {about: "The name of a metric.", example: values("http_request_duration_seconds")},
		"Health.status":     {about: "ok, ready or not ready.", example: "ready", oneOf: values("ok", "ready", "not ready")},

		// problems
		"type":           {about: "/problems/ and the code of the rule.", example: "/problems/request.invalid"},
		"title":          {about: "What the rule says.", example: "The request is not valid."},
		"Problem.status": {about: "The HTTP status.", example: 400},
		"detail":         {about: "What was special about this time.", example: "The plans view did not get there within 2s."},
		"instance":       {about: "The id of the request, X-Request-Id.", example: exampleID},
		"errors":         {about: "What is wrong with which field."},
		"field":          {about: "The field, with dots for fields within fields.", example: "metadata.color"},
		"message":        {about: "What is wrong with it.", example: "must be a string"},

		// headers
		"request.X-Request-Id":       {about: "The id of the request: visible ASCII, at most 128 characters. Others are replaced.", example: exampleID},
		"request.Traceparent":        {about: "W3C Trace Context.", example: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		"request.Idempotency-Key":    {about: "A text of one's own that makes the request safe to send again.", example: "b7f3a2d0-order-17", least: 1, most: 200},
		"request.If-Match":           {about: "The ETag that the change is meant for, or *.", example: `"3"`, pattern: `^(\*|"(0|[1-9][0-9]{0,18})")$`},
		"request.Consistency-Token":  {about: "The Consistency-Token of a write that the answer must include.", example: exampleToken, most: 100},
		"request.Prefer":             {about: "wait=seconds: how long the view may take to catch up, 2 unless given, at most 10.", example: "wait=5"},
		"answer.X-Request-Id":        {about: "The id of the request.", example: exampleID},
		"answer.ETag":                {about: "The revision of the resource.", example: `"3"`},
		"answer.Consistency-Token":   {about: "Where the write stands; a read that sends it sees the write.", example: exampleToken},
		"answer.Projection-Position": {about: "How far the view had come that the answer was read from.", example: exampleToken},
		"answer.Preference-Applied":  {about: "The wait that was granted.", example: "wait=5"},
		"answer.Location":            {about: "Where the new resource is.", example: "/users/" + exampleID},
		"answer.Retry-After":         {about: "Seconds to wait before the next try.", example: "1"},
		"answer.WWW-Authenticate":    {about: "The scheme to authenticate by.", example: "Bearer"},
		"answer.Allow":               {about: "The methods that the path takes.", example: "OPTIONS, GET, HEAD"},
	}
}
