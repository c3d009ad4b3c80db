# Tasks of this repository. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help quickstart test histories faults test-deps bench bench-cluster kill controller-kill e2e image fuzz build lint fmt chart-lint chart-tools chart-test generate check-generated deny advisories ci

CARGO ?= cargo
# Tests wait for servers more than they compute.
export RUST_TEST_THREADS ?= $(shell expr 2 \* `nproc`)
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(notdir $(basename $(wildcard fuzz/targets/*.rs)))
FUZZ_OPTIONS ?= -rss_limit_mb=2048 -timeout=10 -max_len=4096 -print_final_stats=1

help: ## List these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

quickstart: ## Sync the example company into a workspace in kdesk.db
	$(CARGO) run --locked -- sync -f examples/quickstart --kdesk kdesk.db

test: test-deps ## Run every test; installs the servers they need where they are missing (Debian)
	$(CARGO) test --locked
	@$(MAKE) --no-print-directory chart-test

histories: ## Play many histories drawn by lot against the laws; CONTACTSYNC_HISTORIES=N says how many of each kind
	CONTACTSYNC_HISTORIES=$${CONTACTSYNC_HISTORIES:-1000} $(CARGO) test --locked --test it laws::

test-deps: ## Install what the tests need: OpenLDAP, Samba, Python, a Kubernetes API server
	@testenv/install.sh

e2e: ## Install the chart in a real cluster and use it: the one that KUBECONFIG names, else a one-node cluster (needs root)
	tests/e2e/run.sh

image: ## Build the image without Docker, as an OCI archive (IMAGE=contactsync.tar)
	image/build.sh $(or $(IMAGE),contactsync.tar)

kill: ## Kill 100 runs of 20,000 people anywhere (CONTACTSYNC_KILLS, CONTACTSYNC_KILL_PEOPLE, CONTACTSYNC_KILL_SEED)
	$(CARGO) build --release --locked
	CONTACTSYNC_PROGRAM="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/release/contactsync" \
		$(CARGO) test --locked --test it killed_anywhere -- --ignored --nocapture --test-threads 1

controller-kill: test-deps ## Kill 30 leading controllers, each followed by another (CONTACTSYNC_KILLS, CONTACTSYNC_KILL_SEED)
	$(CARGO) build --release --locked
	CONTACTSYNC_PROGRAM="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/release/contactsync" \
		$(CARGO) test --locked --test it controller_killed_anywhere -- --ignored --nocapture

faults: ## Meet every fault with every request of a run, not only a sample (about ten minutes)
	CONTACTSYNC_FAULTS=all $(CARGO) test --locked --test it sync::faults

fuzz: ## Fuzz what comes from outside: FUZZ_TARGETS, each for FUZZ_SECONDS; needs a nightly toolchain
	@$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-fuzz
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/found/$$target && echo "fuzz $$target for $(FUZZ_SECONDS) s" && \
		$(CARGO) +nightly fuzz run $$target fuzz/found/$$target fuzz/corpus/$$target -- $(FUZZ_OPTIONS) \
			-dict=fuzz/dict/$$target.dict -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

bench-cluster: test-deps ## Measure a controller with many connections (BENCH_CONNECTIONS=100,1000,10000)
	$(CARGO) bench --locked --bench cluster

build: ## Build the program, for trying things out
	$(CARGO) build --locked

bench: test-deps ## Measure: against a raw dump, load and listing, and with many connections; minutes (BENCH_LDAP, BENCH_CLOUDS, BENCH_GROWTH)
	$(CARGO) bench --locked --bench wire --bench cluster

lint: ## Check format and lints; a warning is an error
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

fmt: ## Format the code
	$(CARGO) fmt

chart-lint: ## Lint the chart with each of its ci/ values
	@helm=$$(testenv/go-tool.sh install helm) && for values in charts/contactsync/ci/*-values.yaml; do \
		"$$helm" lint --strict --quiet --namespace contactsync charts/contactsync -f $$values || exit 1; \
	done

chart-tools: ## Build what make chart-test needs: promtool and kube-score; minutes, once
	@testenv/go-tool.sh install helm >/dev/null
	@testenv/go-tool.sh install prometheus >/dev/null
	@testenv/go-tool.sh install kube-score >/dev/null

chart-test: test-deps chart-tools chart-lint ## Check the chart's alerts, dashboard and pods, and the metrics, with promtool and kube-score
	$(CARGO) test --locked --test it -- --ignored chart:: controller::promtool::

generate: ## Write anew what is made: crds/ and the chart's copy from src/api, docs/values.md from the chart's values
	$(CARGO) run --quiet --locked -- crd --out crds
	$(CARGO) run --quiet --locked -- crd --out charts/contactsync/files/crds
	charts/values-docs.py >docs/values.md

check-generated: ## Fail when what is made is not what it is made from
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && \
	$(CARGO) run --quiet --locked -- crd --out "$$fresh/crds" && \
	charts/values-docs.py >"$$fresh/values.md" && \
	{ diff -ru crds "$$fresh/crds" && diff -ru charts/contactsync/files/crds "$$fresh/crds" && \
		diff -u docs/values.md "$$fresh/values.md" || \
		{ echo "that is out of date: run make generate and commit the result" >&2; exit 1; }; }

deny: ## Check licences and banned crates, where cargo-deny is installed
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --offline --locked check licenses bans sources; \
	else \
		echo "cargo-deny is not installed: licences and bans were not checked"; \
	fi

advisories: ## Look for known vulnerabilities (needs cargo-deny and the network); never part of ci
	$(CARGO) deny --locked check advisories

ci: ## Everything that CI runs, in its order
	.ci/run
