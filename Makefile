# The two commands of the README, and what their parts are. Everything is installed into .venv, nothing elsewhere.
PYTHON ?= python3
BIN := .venv/bin
OUT ?= studies/quick
COUNT ?= 1000000
CUDA ?= cuda13

.PHONY: study test test-slow bench bench-gpu golden fuzz docs lint types clean

study: .venv/ready  ## set up, run the main job on embedded data, leave its pictures and tables in $(OUT)
	$(BIN)/nnlite study quick --out $(OUT)

test: .venv/ready-for-tests lint types  ## set up and run every test but the slow ones
	$(BIN)/pytest -m 'not slow'

test-slow: .venv/ready-for-tests  ## the learning and killing runs of minutes; NNLITE_DATA names the folder of real images
	$(BIN)/pytest -m slow

bench: .venv/ready-for-tests  ## measure steps of whole networks against PyTorch's, leave table and picture in bench/
	$(BIN)/nnlite bench --out bench

bench-gpu: .venv/ready-for-tests  ## check and measure a GPU beside PyTorch, in 9 minutes; TRAIN='a.h5 b.h5' then trains on these; CUDA=cuda12 for drivers before 580
	$(BIN)/python -c 'import cupy' 2>/dev/null || $(BIN)/pip install --quiet --editable '.[$(CUDA)]'
	$(BIN)/nnlite bench --device cuda --out bench $(foreach data,$(TRAIN),--train $(data))

golden: .venv/ready-for-tests  ## all of Torch7's own results that NNLITE_GOLDEN, or else tests/golden, holds, in one table
	$(BIN)/pytest -q -m golden

fuzz: .venv/ready-for-tests  ## read COUNT changed .t7 files, under limits of time and memory
	PYTHONPATH=tests $(BIN)/python tests/serialization/fuzz.py $(COUNT)

docs: .venv/ready-for-docs  ## the documentation as a site, which opens without a network: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site

lint: .venv/ready-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy sees models/ and data_prep/ as nnlite.models and nnlite.data_prep only where the project is installed whole.
types: .venv/ready-for-tests
	$(BIN)/pip install --quiet --no-deps --upgrade --target .types .
	cd .types && ../$(BIN)/mypy --config-file ../pyproject.toml \
		-p nnlite.serialization -p nnlite.image -p nnlite.data_prep -p nnlite.training -p nnlite.trace -p nnlite.explain -p nnlite.bench -p nnlite.interop -p nnlite.cli

.venv/ready: pyproject.toml setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[fast]'
	touch $@

.venv/ready-for-tests: .venv/ready
	$(BIN)/pip install --quiet --editable '.[fast,test,docs]'
	touch $@

.venv/ready-for-docs: .venv/ready
	$(BIN)/pip install --quiet --editable '.[fast,docs]'
	touch $@

clean:
	rm -rf .venv .types build site *.egg-info .pytest_cache .mypy_cache .ruff_cache
