# `make help` says what there is

PYTHON ?= python3
# what computes: mxnet or torch; each has an environment of its own
ENGINE ?= mxnet
ENV = .venv$(if $(filter torch,$(ENGINE)),-torch)
BIN = $(ENV)/bin
REQUIREMENTS = requirements$(if $(filter torch,$(ENGINE)),-torch).txt
# where uv is there it makes the environments, much sooner than pip; UV= (empty) takes pip all the same
UV ?= $(shell command -v uv)
VENV = $(if $(UV),$(UV) venv --quiet --python $(PYTHON),$(PYTHON) -m venv)
INSTALL = $(if $(UV),$(UV) pip install --python $(BIN)/python,$(BIN)/python -m pip install --disable-pip-version-check)
# with ENGINE=torch: another build of it, such as TORCH='torch --index-url ...'
TORCH ?=

.PHONY: help demo test lint docs bench profile fuzz clean

help:  ## say this
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' Makefile

demo: $(ENV)/installed  ## fetch the weights and paint the sample pictures into output/
	sh download.sh
	$(BIN)/python nstyle.py --gpu -1 --max-num-epochs 150

test: $(ENV)/installed-dev  ## run the tests, with their coverage
	OTHER_ENGINE=$(if $(filter torch,$(ENGINE)),mxnet,torch) $(BIN)/python -m pytest -n 2 --dist loadfile --cov=neural_style --cov-branch \
	    --cov-report=term-missing:skip-covered $(if $(filter mxnet,$(ENGINE)),--cov-fail-under=90)

lint: $(ENV)/installed-dev  ## check style, and the types of the contract, the networks and the mathematics
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(ENV)/installed-dev  ## make the pages of the Python interface, into build/api
	$(BIN)/python -m docs.make_api

bench: $(ENV)/installed-dev  ## measure speed and memory, and write the tables of benchmarks/
	$(BIN)/python -m benchmarks

profile: $(ENV)/installed-dev  ## where the time of an evaluation goes, by operator
	$(BIN)/python -m benchmarks.profile

fuzz: $(ENV)/installed-dev  ## the long forms of the tests of trust (docs/trust.md): about twenty minutes
	$(BIN)/python -m pytest -s tests/fuzz.py
	NSTYLE_CRASH_POINTS=5 $(BIN)/python -m pytest -s tests/runs/test_crash.py

clean:  ## remove the environment and everybody's caches; weights, pictures and results are kept
	rm -rf .venv .venv-torch .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage build nstyle.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# before pip, which would compile NumPy from its source for a quarter of an hour
$(ENV)/installed: $(REQUIREMENTS) $(wildcard requirements-common.txt)
	@test -x $(BIN)/python || command -v $(PYTHON) >/dev/null || { echo "make: there is no $(PYTHON); PYTHON=... names another" >&2; exit 1; }
	@$$(test -x $(BIN)/python && echo $(BIN)/python || echo $(PYTHON)) -c 'import sys; v = sys.version_info[:2]; \
	    "$(ENGINE)" == "torch" and v >= (3, 9) or (3, 9) <= v <= (3, 12) or \
	    sys.exit("make: Python 3.9 to 3.12 for MXNet; this is %d.%d: PYTHON=... names another, ENGINE=torch takes later ones" % v)'
	test -x $(BIN)/python || $(VENV) $(ENV)
	$(INSTALL) $(TORCH) -r $(REQUIREMENTS)
	touch $@

$(ENV)/installed-dev: $(ENV)/installed requirements-dev.txt
	$(INSTALL) -r $(REQUIREMENTS) -r requirements-dev.txt
	touch $@
