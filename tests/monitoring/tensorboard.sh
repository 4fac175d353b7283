#!/usr/bin/env bash
# A small job's event files, read back by the tensorboard package:  tensorboard.sh TEMPER_PROGRAM VENV_FOLDER
# Makes the environment itself, once.
set -euo pipefail
temper=$1 venv=$2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/venv.sh"
venv_with "$venv" "tensorboard==2.21.0"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
settings=(run.dir="$folder" run.name=events sft.steps=200 rl.steps=6 checkpoint.every=2 monitor.traces_every=2)
timeout 90 "$temper" launch "$here/../cluster_of_processes/tiny.yaml" "${settings[@]}" >"$folder/output.txt" 2>&1 ||
  { cat "$folder/output.txt"; exit 1; }
"$venv/bin/python" "$here/check_events.py" "$folder/events"
