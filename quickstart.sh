#!/usr/bin/env bash
# From a fresh machine to two trained arms and a safety report:  ./quickstart.sh [--cuda] [--real DATA [--short]] [a.b=value ...]
# Installs what is missing, builds, runs configs/quickstart.yaml on four ranks, prints the result table. Arguments with = are overrides.
# With --real the job is configs/experiments/real_english.yaml: a real instruct model and real requests.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'HELP'
./quickstart.sh [--cuda] [--real DATA [--short]] [a.b=value ...]
  Installs what is missing (Debian packages, LibTorch), builds, runs configs/quickstart.yaml on four ranks and prints the result table.
  --cuda      build for GPUs, with LibTorch's CUDA libraries
  --real DATA the comparison on SmolLM2-135M-Instruct and requests in real English (configs/experiments/real_english.yaml);
              DATA is the folder of your copies of the public sets that scripts/real_english.py lists
  --short     with --real: a quarter of the steps and prompts
  a.b=value   a setting of the job instead of the file's; configs/reference.yaml lists all
  -h, --help  this text; nothing is installed
Examples:
  ./quickstart.sh
  ./quickstart.sh run.name=short rl.steps=20
  ./quickstart.sh --real ../data --short
HELP
}

setup_options=() overrides=() preset=release data='' config=configs/quickstart.yaml short=0
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) usage; exit 0 ;;
    --cuda) setup_options+=(--cuda); preset=cuda ;;
    --real) data=${2:-}; [ -d "$data" ] || { echo "quickstart: --real needs the folder of your copies of the public sets, not '$data'" >&2; exit 2; }
            config=configs/experiments/real_english.yaml; shift ;;
    --short) short=1 ;;
    *=*) overrides+=("$1") ;;
    *) echo "quickstart: unknown argument '$1' (known: --cuda, --real DATA, --short, --help, a.b=value)" >&2; exit 2 ;;
  esac
  shift
done
if [ "$short" = 1 ]; then
  [ -n "$data" ] || { echo "quickstart: --short goes with --real DATA" >&2; exit 2; }
  config=configs/experiments/real_english_short.yaml
fi

scripts/setup.sh "${setup_options[@]}"
echo "quickstart: building (the first time takes some minutes)"
cmake --preset "$preset" -DTEMPER_TESTS=OFF -DTEMPER_BENCH=OFF >/dev/null
cmake --build --preset "$preset" --target temper
temper=build/$preset/bin/temper

if [ -n "$data" ]; then
  scripts/get_model.sh smollm2-135m
  python3 scripts/real_english.py "$data" real_english
fi

as_root=()
[ "$(id -u)" != 0 ] || as_root=(--allow-run-as-root)
exec mpirun "${as_root[@]}" --oversubscribe --bind-to none -np 4 "$temper" train "$config" "${overrides[@]}"
