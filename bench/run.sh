#!/usr/bin/env bash
# All benchmarks beside their peers, in alternating rounds on an otherwise idle machine; prints a table of medians and ratios.
#   bench/run.sh [rounds, default 3]
# Needs ./.venv-bench (scripts/setup.sh --bench makes it). Both sides keep freed memory (glibc tunables), compute in fp32 and wait asleep.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
bin=build/release/bin
[ -x .venv-bench/bin/python ] || scripts/setup.sh --bench
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

export GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=1073741824:glibc.malloc.mmap_max=0
export OMP_WAIT_POLICY=PASSIVE TOKENIZERS_PARALLELISM=false

load=$(cut -d' ' -f1 /proc/loadavg)
printf 'cores %s, load %s, %s\n' "$(nproc)" "$load" "$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2-)"
printf 'git %s, %s\n' "$(git rev-parse --short HEAD)" "$($bin/temper --version)"
.venv-bench/bin/python -c 'import torch, transformers; print("peers: torch", torch.__version__, "transformers", transformers.__version__)'
awk -v l="$load" -v c="$(nproc)" 'BEGIN { if (l > 0.5 * c) { print "bench: the machine is busy (load " l "), figures would mean nothing; try again later" > "/dev/stderr"; exit 1 } }'

for round in $(seq "$rounds"); do
  echo "round $round of $rounds" >&2
  $bin/decode_bench >> "$out/decode_ours"
  .venv-bench/bin/python bench/peers/generate_peer.py --rounds 1 >> "$out/decode_peer"
  OMP_NUM_THREADS=1 $bin/train_bench >> "$out/train_ours"
  OMP_NUM_THREADS=1 .venv-bench/bin/python bench/peers/train_peer.py >> "$out/train_peer"
  $bin/bus_bench 100000 >> "$out/bus"
  bench/cold_start.sh "$bin/temper" >> "$out/cold"
done
for name in decode_ours decode_peer train_ours train_peer bus cold; do
  echo "== $name"
  cat "$out/$name"
done
python3 bench/summarize.py "$out"
