# make demo · make test · make check · make bench · make soak · make lock · make messages
# Needs Python 3.11 or newer, make and git; all else comes into .venv and var.

VENV := .venv
VAR := $(or $(TIMEBANK_VAR),var)
PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
CHECKED := bench bin deploy ledger manage.py members services tests timebank

.PHONY: demo test check format bench soak lock messages clean always

demo: $(VENV)/base.stamp $(VAR)/static.stamp $(VAR)/demo.stamp
	@exec $(PY) bin/demo.py

test: $(VENV)/dev.stamp
	@$(PY) -m pytest -n 2; status=$$?; \
	tools=$$($(PY) -m tests.browser.tools); case "$$tools" in All*) ;; *) \
	printf '\n!!! THE TESTS IN tests/browser DID NOT RUN. They need these:\n%s\n' "$$tools";; esac; \
	exit $$status

check: $(VENV)/dev.stamp
	$(PY) -m ruff format --check $(CHECKED)
	$(PY) -m ruff check $(CHECKED)
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -m djlint --check templates
	$(PY) -m djlint --lint templates
	$(PY) bin/messages.py check
	@echo "the database: migrations, rights, settings of a production server"
	@set -e; unset DATABASE_URL; export TIMEBANK_VAR=$$(mktemp -d); \
	trap 'rm -rf "$$TIMEBANK_VAR"' EXIT; \
	$(MANAGE) migrate --verbosity 0; \
	$(MANAGE) makemigrations --check --dry-run; \
	BEHIND_TLS=1 $(MANAGE) check --deploy --fail-level WARNING --database default

format: $(VENV)/dev.stamp
	$(PY) -m ruff format --quiet $(CHECKED)
	$(PY) -m ruff check --quiet --fix $(CHECKED)
	-$(PY) -m djlint --quiet --reformat templates >/dev/null

bench: $(VENV)/dev.stamp var/others.stamp
	$(PY) bench/run.py

soak: $(VENV)/dev.stamp
	$(PY) -m pytest -m slow

lock: $(VENV)/dev.stamp
	$(PY) -m piptools compile $(LOCK) --output-file requirements/base.txt pyproject.toml
	$(PY) -m piptools compile $(LOCK) --extra dev --output-file requirements/dev.txt pyproject.toml
	$(PY) -m piptools compile $(LOCK) --output-file requirements/others.txt requirements/others.in

messages: $(VENV)/dev.stamp
	$(PY) bin/messages.py

clean:
	rm -rf $(VENV) $(VAR)

# Locked versions with their hashes, and no address of where they come from.
LOCK := --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

# The first of these that is new enough makes the environment.
PYTHONS := python3.11 python3.12 python3.13 python3.14 python3 python
IS_NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'

$(PY):
	@for python in $(PYTHONS); do \
		if $$python $(IS_NEW_ENOUGH) 2>/dev/null; then exec $$python -m venv $(VENV); fi; \
	done; echo "Python 3.11 or newer is needed." >&2; exit 1

$(VENV)/base.stamp: requirements/base.txt | $(PY)
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt | $(PY)
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The ledgers that ours is measured against.
var/others.stamp: requirements/others.txt | $(PY)
	$(PY) -m venv var/others
	var/others/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VAR)/static.stamp: $(VENV)/base.stamp $(shell find static */static -type f 2>/dev/null)
	$(MANAGE) collectstatic --noinput --clear --verbosity 0
	@touch $@

# With a DATABASE_URL the stamp says nothing about that database: each step looks for itself.
$(VAR)/demo.stamp: $(VENV)/base.stamp $(wildcard */migrations/*.py */migrations/*.sql demo/*) $(if $(DATABASE_URL),always)
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) demo_people
	$(MANAGE) import_register demo/shihuguan-2020-2021.xlsx --area 530111001001 --by lin --approved-by zhao
	$(MANAGE) demo_objections
	$(MANAGE) demo_sign_ins
	@touch $@
