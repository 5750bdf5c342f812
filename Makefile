# Every target works on a fresh machine with Go: tools are Go modules at pinned versions, fetched when first used.
GO       ?= go
LINT     := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VULN     := $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0
PACKAGES := ./...
TIMEOUT  ?= 15m

.DEFAULT_GOAL := help
.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## start everything on this machine: event store, Postgres, mail catcher, service (data in ./.data)
	@$(GO) build -o bin/userd ./cmd/userd && LOG_FORMAT=$${LOG_FORMAT:-text} exec bin/userd dev

.PHONY: build
build: ## build the programs into ./bin
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/...

.PHONY: test
test: ## run every test a newcomer must see pass: units, node, Postgres, end to end
	$(GO) test -timeout $(TIMEOUT) $(PACKAGES)
	cd internal/esdb && $(GO) test -timeout $(TIMEOUT) ./...
	cd deploy && $(GO) test -count=1 ./... # what it reads lies outside its module, where the cache does not look

.PHONY: test-unit
test-unit: ## run the tests that need no services (seconds)
	$(GO) test -timeout 1m ./domain/... ./commands/... ./internal/codec/... ./internal/email/... ./internal/token/... ./internal/config/...

.PHONY: test-race
test-race: ## run every test with the race detector
	$(GO) test -race -timeout 30m $(PACKAGES)
	cd internal/esdb && $(GO) test -race -timeout $(TIMEOUT) ./...

.PHONY: test-stress
test-stress: ## run watermill's own stress suite against the feed (a minute)
	STRESS=1 STRESS_TEST_COUNT=$${STRESS_TEST_COUNT:-3} $(GO) test -timeout 30m -run Stress ./internal/feed

.PHONY: test-kill
test-kill: ## kill the service 200 times under load and check what is left (a quarter of an hour)
	KILLS=$${KILLS:-200} $(GO) test -v -timeout 90m -run KillAtRandom ./cmd/userd

.PHONY: test-kill-node
test-kill-node: ## kill the embedded event store 1000 times under load and check its log (ten minutes)
	KILLS=$${KILLS:-1000} $(GO) test -v -timeout 90m -run KillNode ./cmd/userd

.PHONY: test-power
test-power: ## cut the power of the embedded event store 20000 times, in memory, and check what is left (half an hour)
	POWER=$${POWER:-20000} $(GO) test -v -timeout 180m -run PowerCuts ./internal/node/store

.PHONY: test-disk
test-disk: ## run the embedded event store on a real full disk, and on one that fails to sync (Linux with strace)
	DISKS=1 $(GO) test -v -timeout $(TIMEOUT) -run 'NodeOnAFullDisk|DevOnASmallDisk|NodeWhoseSyncFails' ./cmd/userd

.PHONY: test-outage
test-outage: ## let every node of the service's cluster be away for minutes under load (OUTAGE=150s)
	OUTAGE=$${OUTAGE:-150s} $(GO) test -v -count=1 -timeout 30m -run Troubles ./cmd/userd

.PHONY: judges
judges: ## have EventStoreDB's official Node.js clients judge the embedded node (a minute; fetches them, and Node.js if need be)
	GO="$(GO)" internal/node/judges/run

.PHONY: bench
bench: ## measure the hot paths against the bare limits of this machine; prints ratios
	$(GO) run ./cmd/userbench

.PHONY: bench-import
bench-import: ## import users (USERS=100000) by HTTP into a fresh service, then list and search them; prints rates, backlogs and sizes
	$(GO) run ./cmd/userbench import -list -users $${USERS:-100000}

.PHONY: bench-node
bench-node: ## measure the embedded node, or any server (ENDPOINT=esdb://…, PID=…), beside EventStoreDB's figures (EVENTS=10000000 for the goal's log)
	$(GO) run ./cmd/userbench node $(if $(ENDPOINT),-endpoint "$(ENDPOINT)") $(if $(PID),-pid $(PID)) $(if $(EVENTS),-events $(EVENTS))

.PHONY: bench-list
bench-list: ## measure listing and searching of a million users (USERS=… for fewer; a quarter of an hour)
	$(GO) run ./cmd/userbench -only G11 -users 10 -crowd $${USERS:-1000000}

.PHONY: bench-uniform
bench-uniform: ## measure whether known and unknown addresses can be told apart by the time of an answer
	$(GO) run ./cmd/userbench -only R5 -users 300

.PHONY: fmt
fmt: ## format the code
	$(LINT) fmt

.PHONY: lint
lint: ## check style, import directions and mistakes
	$(LINT) config verify
	$(LINT) run --allow-parallel-runners
	cd internal/esdb && $(GO) vet ./...
	cd deploy && $(GO) vet ./...

.PHONY: vuln
vuln: ## check the dependencies against a vulnerability database (VULNDB=file://… for an offline one)
	$(VULN) $(if $(VULNDB),-db $(VULNDB)) $(PACKAGES)

.PHONY: generate
generate: ## make the generated code again
	$(MAKE) -C internal/esdb generate
	cd internal/node/protos && $(GO) run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate

.PHONY: golden
golden: ## write the golden files of the events again; review the difference
	$(GO) test ./internal/codec -update

.PHONY: check
check: lint test judges test-stress ## what CI runs
	$(GO) mod verify
