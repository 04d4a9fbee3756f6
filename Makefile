# make demo: paint the sample pictures; make test; make lint; make bench

PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test lint bench clean

demo: .venv/installed
	sh download.sh
	$(BIN)/python nstyle.py --gpu -1 --max-num-epochs 150

test: .venv/installed-dev
	$(BIN)/python -m pytest --cov=neural_style --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=90

lint: .venv/installed-dev
	$(BIN)/ruff check .

bench: .venv/installed-dev
	$(BIN)/python -m benchmarks

.venv/installed: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf .venv

# the long forms of the tests of trust (docs/trust.md): about twenty minutes
.PHONY: fuzz
fuzz: .venv/installed-dev
	$(BIN)/python -m pytest -s tests/fuzz.py
	NSTYLE_CRASH_POINTS=5 $(BIN)/python -m pytest -s tests/test_crash.py
