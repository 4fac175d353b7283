#!/usr/bin/env bash
# What monitoring costs: the same job with every sink on (metrics.jsonl, TensorBoard, Prometheus scraped every second) and with all that can be
# turned off turned off, in alternating rounds. Prints the median seconds of an RL step of each round and the ratio of each pair.
#   bench/monitor_cost.sh [ROUNDS]     default 5; the goal is a median cost below 1 %
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
temper=${TEMPER:-build/release/bin/temper}
[ -x "$temper" ] || { echo "monitor_cost: $temper is not built (./dev build)" >&2; exit 1; }
load=$(cut -d' ' -f1 /proc/loadavg)
if awk -v l="$load" -v c="$(nproc)" 'BEGIN { exit !(l > c / 2) }' && [ -z "${BENCH_ANYWAY:-}" ]; then
  echo "monitor_cost: the machine is busy (load $load): figures would mean nothing; wait, or set BENCH_ANYWAY=1" >&2
  exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "cores $(nproc), load $load, $(git describe --always --dirty)"

# one NAME SETTINGS...: runs the job, prints the median of timing_s/step over the RL steps after the fifth.
one() {
  local name=$1; shift
  "$temper" launch tests/cluster_of_processes/tiny.yaml run.dir="$folder" run.name="$name" sft.steps=100 rl.steps=150 'stages=[sft, rl]' \
    checkpoint.every=1000 monitor.traces_every=10 "$@" >"$folder/$name.txt" 2>&1 || { cat "$folder/$name.txt" >&2; exit 1; }
  python3 - "$folder/$name/main/metrics.jsonl" <<'PY'
import json, statistics, sys
print(statistics.median(json.loads(line)["timing_s/step"] for line in list(open(sys.argv[1]))[5:]))
PY
}

# Asks every endpoint once a second, as Prometheus would, until it is ended.
scrape() {
  while sleep 1; do
    for rank in 0 1 2 3; do
      # In a shell of its own: where nobody listens yet, the redirection ends it.
      (exec 3<>"/dev/tcp/127.0.0.1/$(($1 + rank))" && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3 && cat <&3 >/dev/null) || true
    done
  done 2>/dev/null
}

port=$((20000 + RANDOM % 10000))
ratios=()
for round in $(seq "$rounds"); do
  measure_on() {
    scrape "$port" &
    local scraper=$!
    on=$(one "on_$round" monitor.tensorboard=true monitor.prometheus_port="$port")
    kill "$scraper" 2>/dev/null || true; wait "$scraper" 2>/dev/null || true
  }
  measure_off() { off=$(one "off_$round" monitor.tensorboard=false monitor.prometheus_port=0 monitor.traces_per_step=0); }
  # Who goes first alternates, so that a machine that grows slower or faster favours nobody.
  if [ $((round % 2)) = 1 ]; then measure_on; measure_off; else measure_off; measure_on; fi
  ratio=$(awk -v a="$on" -v b="$off" 'BEGIN { printf "%.4f", a / b }')
  ratios+=("$ratio")
  printf 'round %d: on %.4f s/step, off %.4f s/step, ratio %s\n' "$round" "$on" "$off" "$ratio"
done
printf '%s\n' "${ratios[@]}" | sort -n | awk '{ r[NR] = $1 } END { m = NR % 2 ? r[(NR + 1) / 2] : (r[NR / 2] + r[NR / 2 + 1]) / 2
  printf "monitoring costs %+.2f %% of a step (median of %d pairs, %+.2f to %+.2f); goal: below 1 %%\n", 100 * (m - 1), NR, 100 * (r[1] - 1), 100 * (r[NR] - 1) }'
