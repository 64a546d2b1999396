#!/usr/bin/env bash
# Rebuilds the starter models with fixed seeds: corpus, tokenizer, training, GGUF, Q8_0, held-out evaluation.
# Needs python3 with torch, numpy and regex (Debian: python3-torch python3-numpy python3-regex libopenblas0-pthread)
# and the llama.cpp libraries (build src/Runtime once, or set HYBRID_LLAMA_PATH).
# Usage: tools/starter-models/build.sh [EDGE_STEPS] [CLOUD_STEPS]
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-/usr/bin/python3}
models=../../samples/models
# Without these, glibc maps and unmaps every large tensor anew, which costs more than the arithmetic.
export MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=268435456

"$python" train.py edge "${1:-6000}" checkpoints
"$python" train.py cloud "${2:-6000}" checkpoints
"$python" export.py edge checkpoints "$models"
"$python" export.py cloud checkpoints "$models"
"$python" evaluate.py "$models"
