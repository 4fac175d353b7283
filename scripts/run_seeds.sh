#!/usr/bin/env bash
# Runs a config with seeds 1 to N, one after the other, and writes the report that puts them side by side.
#   scripts/run_seeds.sh CONFIG N [a.b=value ...]
# The runs are <run.dir>/<run.name>-seed<k>, the report lies in <run.dir>/<run.name>-seeds. A seed that was run before is not run again:
# the job finds its folder done. TEMPER names the program (default build/release/bin/temper).
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 CONFIG N [a.b=value ...]" >&2; exit 2; }
config=$1 count=$2
shift 2
case "$count" in ''|*[!0-9]*|0) echo "$0: N must be a positive number, not '$count'" >&2; exit 2 ;; esac
temper=${TEMPER:-$(dirname "$0")/../build/release/bin/temper}
[ -x "$temper" ] || { echo "$0: $temper is not there; build it with ./dev build, or set TEMPER" >&2; exit 2; }

# The config as the job will read it: its run.name and run.dir, without the comments that tell where each value came from.
resolved=$("$temper" train "$config" "$@" --dry-run)
value_of() { sed -n "/^run:/,/^[a-z]/ s/^  $1: \([^#]*\).*/\1/p" <<<"$resolved" | head -1 | tr -d "\"' "; }
name=$(value_of name) dir=$(value_of dir)

runs=()
for ((seed = 1; seed <= count; ++seed)); do
  echo "run_seeds: seed $seed of $count"
  "$temper" launch "$config" "$@" "run.seed=$seed" "run.name=$name-seed$seed"
  runs+=("$dir/$name-seed$seed")
done
"$temper" report "${runs[@]}" -o "$dir/$name-seeds"
