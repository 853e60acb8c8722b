# From a fresh clone to the finished walkthrough: `make site`. Every check: `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# What a person has set up for real AWS must not reach the lab, nor the lab's keys their account.
unexport AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN
unexport AWS_REGION AWS_DEFAULT_REGION AWS_ENDPOINT_URL AWS_CA_BUNDLE AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE
unexport AWS_URL EC2_URL EC2_ACCESS_KEY EC2_SECRET_KEY EC2_REGION AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
unexport ANSIBLE_CONFIG ANSIBLE_INVENTORY ANSIBLE_COLLECTIONS_PATH
export AWS_CONFIG_FILE := /dev/null
export AWS_SHARED_CREDENTIALS_FILE := /dev/null
export AWS_EC2_METADATA_DISABLED := true
export AWS_IGNORE_CONFIGURED_ENDPOINT_URLS := true
export PYTHONDONTWRITEBYTECODE := 1

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo --preserve-env=AWS_CONFIG_FILE,AWS_SHARED_CREDENTIALS_FILE,NODECACHE_LAB_CONTAINERD)
PYTHON := .venv/bin/python
PLAYBOOK := $(SUDO) .venv/bin/ansible-playbook -i inventory/lab

.PHONY: help setup lab site bench test lint unit sanity test-lab e2e down clean root

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:
	@tools/setup

lab: setup ## Start the lab alone
	@$(SUDO) $(PYTHON) -m lab up

site: lab ## Everything, from a fresh clone to the finished walkthrough on the lab
	@$(PLAYBOOK) playbooks/site.yml

# The first three have nothing in common, and each alone leaves processors idle.
test: setup ## Every check
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint unit sanity
	@$(MAKE) --no-print-directory test-lab e2e

lint: setup
	@.venv/bin/ruff check lab plugins roles tests tools
	@.venv/bin/ruff format --check --quiet lab plugins roles tests tools
	@.venv/bin/mypy
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/ansible-lint -q
	@.venv/bin/antsibull-changelog lint

unit: setup
	@.venv/bin/python -m pytest tests/unit --cov --cov-report=term

# ansible-test's own checks, in environments of its own.
sanity: setup
	@tools/sanity

# These use the machine's one lab, so a lab that is up has to go first.
test-lab: setup down
	@tools/setup buildah podman skopeo envsubst=gettext-base
	@$(SUDO) $(PYTHON) -c 'from lab import packages; packages.ensure()'
	@$(SUDO) tools/test-lab

e2e: setup down
	@$(SUDO) .venv/bin/python -m pytest tests/e2e

bench: site ## Ratios of pull, start, disk, playbook and module times, into build/bench.json
	@$(SUDO) $(PYTHON) tools/bench.py

down: ## Stop the lab; nothing of it stays
	@if [ -x $(PYTHON) ]; then $(SUDO) $(PYTHON) -m lab down; fi

ECR_HOST := 123456789012.dkr.ecr.us-east-1.amazonaws.com

clean: root down ## Down, and everything the commands above made
	@engine=podman; if docker info >/dev/null 2>&1; then engine=docker; fi; \
	if command -v $$engine >/dev/null; then \
	  for filter in label=nodecache.eks.image=walkthrough 'reference=$(ECR_HOST)/*'; do \
	    $(SUDO) $$engine image ls --all --quiet --filter "$$filter" | sort -u | xargs -r $(SUDO) $$engine image rm --force >/dev/null; \
	  done; \
	fi
	@$(SUDO) rm -rf /var/cache/nodecache-lab
	@$(SUDO) rm -rf .venv build .pytest_cache .ruff_cache .mypy_cache .ansible
	@$(SUDO) find . -name __pycache__ -type d -prune -exec rm -rf {} +

root:
	@[ "$$(id -u)" = 0 ] || command -v sudo >/dev/null || \
	  { echo "nodecache: this removes files of root's: run it as root, or with sudo installed." >&2; exit 1; }
