#!/usr/bin/env bash
# From a fresh machine to two trained arms and a safety report:  ./quickstart.sh [--cuda] [a.b=value ...]
# Installs what is missing, builds, runs configs/quickstart.yaml on four ranks, prints the result table. Arguments with = are overrides.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'HELP'
./quickstart.sh [--cuda] [a.b=value ...]
  Installs what is missing (Debian packages, LibTorch), builds, runs configs/quickstart.yaml on four ranks and prints the result table.
  --cuda      build for GPUs, with LibTorch's CUDA libraries
  a.b=value   a setting of the job instead of the file's; configs/reference.yaml lists all
  -h, --help  this text; nothing is installed
Examples:
  ./quickstart.sh
  ./quickstart.sh run.name=short rl.steps=20
HELP
}

setup_options=() overrides=() preset=release
for arg in "$@"; do
  case "$arg" in
    -h|--help) usage; exit 0 ;;
    --cuda) setup_options+=(--cuda); preset=cuda ;;
    *=*) overrides+=("$arg") ;;
    *) echo "quickstart: unknown argument '$arg' (known: --cuda, --help, a.b=value)" >&2; exit 2 ;;
  esac
done

scripts/setup.sh "${setup_options[@]}"
echo "quickstart: building (the first time takes some minutes)"
cmake --preset "$preset" -DTEMPER_TESTS=OFF -DTEMPER_BENCH=OFF >/dev/null
cmake --build --preset "$preset" --target temper
temper=build/$preset/bin/temper

as_root=()
[ "$(id -u)" != 0 ] || as_root=(--allow-run-as-root)
exec mpirun "${as_root[@]}" --oversubscribe --bind-to none -np 4 "$temper" train configs/quickstart.yaml "${overrides[@]}"
