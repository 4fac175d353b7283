#!/usr/bin/env bash
# Sets up, builds and runs the whole test suite:  ./test.sh [ctest arguments]
set -euo pipefail
cd "$(dirname "$0")"
scripts/setup.sh
cmake --preset release -DTEMPER_TESTS=ON -DTEMPER_BENCH=ON >/dev/null
cmake --build --preset release
exec ctest --test-dir build/release --output-on-failure "$@"
