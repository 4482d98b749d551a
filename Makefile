# The targets do all the set-up that they need, and can be repeated.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
# Packages are compiled in one way for the plugin, its tests and the tools, so that each is compiled once.
export CGO_ENABLED := 0
export GOFLAGS := $(shell command -v $(GO) >/dev/null && $(GO) env GOFLAGS) -trimpath
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w -X github.com/docker-bmo/docker-bmo/internal/version.Version=$(VERSION)
NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# Where docker looks for plugins: as root, a folder that serves every user.
PLUGINS := $(if $(filter 0,$(shell id -u)),/usr/local/lib/docker/cli-plugins,$(HOME)/.docker/cli-plugins)

# An image store of the engine, for the targets engine, demo and test: overlay2
# or containerd. Without it an engine that runs is used whatever it has.
STORE ?=
# In the same way a release of the engine: 28.5, 26.1 or 20.10.
RELEASE ?=
# A source tree of BMO: for demo, built in place of the demo stack.
SOURCE ?=

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: engine images install ## build and run the demo stack, or BMO from SOURCE=DIR, and show its address
	hack/demo $(SOURCE)

.PHONY: test
test: engine images install lint unit gotest ## set everything up, and run every test, on engines of all kinds
	MEANWHILE='$(MAKE) --no-print-directory cross dist-test' hack/matrix here

.PHONY: unit
unit: go ## run the unit tests, with the race detector
	hack/need gcc=gcc,libc6-dev
	CGO_ENABLED=1 $(GO) test -race -count=1 $$($(GO) list ./... | grep -v '/e2e\(/\|$$\)')

.PHONY: gotest
gotest: ## run the example of Go tests on the engine that is there
	args=$$(hack/images args); cd examples/gotest; BASE_IMAGES="$${args//--build-context/}" $(GO) test -count=1 -timeout 20m ./...

.PHONY: e2e
e2e: ## run the end-to-end tests on the engine and the plugin that are there
	hack/need ssh=openssh-client curl=curl chromium=chromium prove=perl pytest=python3-pytest
	BMO_BUILD_ARGS="$$(hack/images args)" $(GO) test -count=1 -timeout 40m ./e2e ./e2e/errorsdoc

.PHONY: e2e-fast
e2e-fast: ## run the end-to-end tests without the slowest, on the engine that is there
	hack/need ssh=openssh-client curl=curl chromium=chromium prove=perl pytest=python3-pytest
	BMO_BUILD_ARGS="$$(hack/images args)" $(GO) test -short -count=1 -timeout 20m ./e2e ./e2e/errorsdoc

.PHONY: e2e-errors
e2e-errors: ## write docs/errors.md again, from the errors themselves, on the engine that is there
	hack/need ssh=openssh-client curl=curl chromium=chromium prove=perl pytest=python3-pytest
	$(GO) test -count=1 ./cmd/docker-bmo -run '^TestErrorsDoc$$' -update
	BMO_BUILD_ARGS="$$(hack/images args)" $(GO) test -count=1 -timeout 20m ./e2e -run '^TestErrorsDoc$$' -update

.PHONY: matrix
matrix: go ## run the end-to-end tests on engines of all kinds, set up for that
	hack/matrix

.PHONY: e2e-restart
e2e-restart: engine images ## test that builds survive a restart of the engine, which has to be one that set-up started
	hack/engine down && hack/engine up
	BMO_RESTART='hack/engine down && hack/engine up' BMO_BUILD_ARGS="$$(hack/images args)" $(GO) test -count=1 -timeout 20m -v ./e2e/restart

.PHONY: e2e-arch
e2e-arch: engine images ## test that one bootstrap serves amd64 and arm64, which QEMU from Debian emulates; some five minutes the first time
	hack/emulate env BMO_BUILD_ARGS="$$(hack/images args)" $(GO) test -count=1 -timeout 20m -v ./e2e/arch

# Parts of the torture: faults database clients pool soak restart disk; of the benchmarks: build start files snapshots
# instances table, or one size of them, such as start/8. All of them unless some are named.
PARTS ?=

.PHONY: torture
torture: engine images ## put faults at every request, kill, restart and fill disks, for hours; PARTS=faults for a part
	hack/torture $(PARTS)

.PHONY: e2e-bmo
e2e-bmo: ## run the end-to-end tests of BMO itself, from SOURCE=DIR
	hack/need ssh=openssh-client curl=curl chromium=chromium prove=perl pytest=python3-pytest
	@[[ -n '$(SOURCE)' ]] || { printf 'error: no source tree of BMO\nhint: make e2e-bmo SOURCE=DIR\n' >&2; exit 1; }
	BMO_SOURCE='$(abspath $(SOURCE))' BMO_BUILD_ARGS="$$(hack/images args)" $(GO) test -tags bmo -count=1 -timeout 40m -v -run '^TestBMO' ./e2e

.PHONY: e2e-bugzilla
e2e-bugzilla: ## run the end-to-end tests of Bugzilla itself, from SOURCE=DIR
	@[[ -n '$(SOURCE)' ]] || { printf 'error: no source tree of Bugzilla\nhint: make e2e-bugzilla SOURCE=DIR\n' >&2; exit 1; }
	BUGZILLA_SOURCE='$(abspath $(SOURCE))' BMO_BUILD_ARGS="$$(hack/images args)" $(GO) test -tags bugzilla -count=1 -timeout 40m -v -run '^TestBugzilla' ./e2e

.PHONY: e2e-kubernetes
e2e-kubernetes: engine images install ## set a cluster of two nodes up, run the end-to-end tests of Kubernetes there, and end it
	hack/kubernetes-test
	hack/kubernetes status 2>/dev/null || trap 'hack/kubernetes down' EXIT; \
	trap 'exit 130' INT; trap 'exit 143' TERM HUP; \
	hack/kubernetes up; \
	eval "$$(hack/kubernetes env)"; \
	BMO_BUILD_ARGS="$$(hack/images args)" $(GO) test -count=1 -timeout 40m -v ./e2e/kubernetes

.PHONY: lint
lint: go ## check the form of Go and shell files
	@hack/need shellcheck=shellcheck
	@files=$$(gofmt -l $$(git ls-files '*.go')); \
	[[ -z $$files ]] || { printf 'error: not formatted:\n%s\nhint: gofmt -w\n' "$$files"; exit 1; }
	cd bench/testcontainers && $(GO) mod tidy -diff && $(GO) vet ./...
	cd hack/lib/kubernetes && $(GO) mod tidy -diff
	$(GO) run $(GOLANGCI) run ./...
	shellcheck -x -P hack .ci/run hack/{bench,cpan,demo,dist,dist-test,emulate,engine,images,kubernetes,kubernetes-test,matrix,need,screens,static,torture} hack/lib/{supervise,base-hook,kubernetes/inside}.sh hack/{mysql,mariadb}/*.sh

.PHONY: vuln
vuln: go ## look for known errors in what is called of modules; needs https://vuln.go.dev
	$(GO) run $(GOVULNCHECK) ./...

.PHONY: cross
cross: go ## compile everything, tests included, for macOS and Windows
	@for os in darwin windows; do for arch in amd64 arm64; do \
	  printf '=> %s/%s\n' "$$os" "$$arch"; \
	  GOOS=$$os GOARCH=$$arch $(GO) vet ./...; \
	done; done

# The platforms that dist builds for, as OS/ARCH; its packages are for those of Linux.
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: dist
dist: go ## make what is released: archives, packages and checksums, in dist
	VERSION='$(VERSION)' NFPM='$(NFPM)' GO='$(GO)' hack/dist $(PLATFORMS)

.PHONY: dist-test
dist-test: ## install the .deb into a clean Debian and run the plugin there
	$(MAKE) dist PLATFORMS=linux/amd64
	VERSION='$(VERSION)' hack/dist-test dist/*_amd64.deb

.PHONY: engine
engine: ## make sure of a docker engine; STORE=containerd, RELEASE=26.1 for another one
	hack/engine up STORE=$(STORE) RELEASE=$(RELEASE)

.PHONY: engine-down
engine-down: ## end the engine and the registry that set-up started, and nothing else
	hack/engine down

.PHONY: images
images: ## make sure that the base images can be had
	hack/images ensure

.PHONY: install
install: go ## build the plugin and put it where docker finds it
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/docker-bmo ./cmd/docker-bmo
	mkdir -p $(PLUGINS)
	install -m 755 bin/docker-bmo $(PLUGINS)/docker-bmo

.PHONY: relay
relay: ## compile engine/relay and kube/fill, which run in containers that have no program for what they do
	hack/need x86_64-linux-gnu-gcc=gcc aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu
	hack/static engine/relay/relay.c
	hack/static kube/fill/fill.c

.PHONY: docs
docs: go ## write docs/cli.md from the commands themselves
	$(GO) test ./cmd/docker-bmo -run '^TestDocs$$' -update

.PHONY: screens
screens: ## write docs/screens.md, as the commands show themselves; SOURCE=DIR for BMO, too
	hack/screens $(SOURCE)

.PHONY: bench
bench: engine images install ## measure, side by side with what people would do instead, and write docs/performance.md; PARTS=start for a part
	hack/bench $(PARTS)

.PHONY: clean
clean: ## remove what was built here
	rm -rf bin dist

.PHONY: go
go:
	@command -v $(GO) >/dev/null || { printf 'error: go is not installed\nhint: https://go.dev/doc/install\n' >&2; exit 1; }
