#!/usr/bin/env bash
# Seconds from the start of mpirun to the first sampled token of a quickstart-sized model, and to the first RL step's numbers.
#   bench/cold_start.sh path/to/temper
set -euo pipefail
temper=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
as_root=()
[ "$(id -u)" != 0 ] || as_root=(--allow-run-as-root)
start=$(date +%s.%N)
mpirun "${as_root[@]}" --oversubscribe --bind-to none -np 4 "$temper" train configs/quickstart.yaml run.dir="$dir" run.name=cold stages=[rl] \
  rl.steps=1 data.world.train_prompts_per_intent=200 data.world.demonstrations=10 data.world.eval_prompts_per_intent=1 > "$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
first=$(grep -h 'first token sampled' "$dir"/cold/logs/latest/rollout/*_worker.log | head -1 | cut -d' ' -f1)
awk -v s="$start" -v f="$(date -d "$first" +%s.%N)" 'BEGIN { printf "cold start to first sampled token: %.2f s\n", f - s }'
