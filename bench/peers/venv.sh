#!/bin/sh
# Makes the Python environment of the peers, in the place where the benchmarks look for it.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
environment=${CARGO_TARGET_DIR:-$top/target}/peers
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet --requirement "$top/bench/peers/requirements.txt"
echo "$environment/bin/python"
