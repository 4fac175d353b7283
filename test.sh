#!/usr/bin/env bash
# Sets up, builds and runs the test suite:  ./test.sh [ctest arguments]
# All but the tests that make hosts, a Slurm or a Prometheus of their own: those take minutes, need root and install further packages;
# ./dev slurm and ./dev monitor run them.
set -euo pipefail
case "${1:-}" in -h|--help) sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
cd "$(dirname "$0")"
scripts/setup.sh
cmake --preset release -DTEMPER_TESTS=ON -DTEMPER_BENCH=ON >/dev/null
cmake --build --preset release
echo "test: left out here: jobs over several hosts and under Slurm (./dev slurm), TensorBoard, Prometheus and Chromium (./dev monitor)"
exec ctest --test-dir build/release -j2 --output-on-failure -LE '^(hosts|slurm|monitor)$' "$@"
