#!/usr/bin/env bash
# What monitoring costs a job: bench/monitor_cost.py on an idle machine. The goal is below 1 %.
#   bench/monitor_cost.sh [ROUNDS]     default 6, a block on every core, a minute each
set -euo pipefail
cd "$(dirname "$0")/.."
temper=${TEMPER:-build/release/bin/temper}
[ -x "$temper" ] || { echo "monitor_cost: $temper is not built (./dev build)" >&2; exit 1; }
load=$(cut -d' ' -f1 /proc/loadavg)
if awk -v l="$load" -v c="$(nproc)" 'BEGIN { exit !(l > c / 2) }' && [ -z "${BENCH_ANYWAY:-}" ]; then
  echo "monitor_cost: the machine is busy (load $load): its clock would mean nothing; wait, or set BENCH_ANYWAY=1" >&2
  exit 1
fi
echo "cores $(nproc), load $load, $(git describe --always --dirty)"
python3 bench/monitor_cost.py "$temper" "${1:-6}"
echo "load afterwards $(cut -d' ' -f1 /proc/loadavg)"
