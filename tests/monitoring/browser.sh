#!/usr/bin/env bash
# The report of a small job, opened and used in a headless Chromium:  browser.sh TEMPER_PROGRAM VENV_FOLDER [SCREENSHOT_FOLDER]
# Installs Debian's chromium where it is missing, and makes the environment with the library that drives it, once.
set -euo pipefail
temper=$1 venv=$2 shots=${3:-$2/../report-screenshots}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/venv.sh"
if ! command -v chromium >/dev/null; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null ||
    { echo "browser.sh: Debian's package chromium could not be installed: this test opens the report in it" >&2; exit 1; }
fi
venv_with "$venv" "playwright==1.65.2"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
settings=(run.dir="$folder" run.name=page rl.steps=6 eval.sets='[dev, past_tense]')
timeout 120 "$temper" launch "$here/../cluster_of_processes/tiny.yaml" "${settings[@]}" >"$folder/output.txt" 2>&1 ||
  { cat "$folder/output.txt"; exit 1; }
cp -r "$folder/page" "$folder/hostile"
python3 "$here/hostile_run.py" "$folder/hostile"
"$temper" report "$folder/hostile" >/dev/null
mkdir -p "$shots"
"$venv/bin/python" "$here/check_report.py" --run "$folder/page" --shots "$shots" "$folder/page/report.html"
"$venv/bin/python" "$here/check_report.py" --shots "$shots" "$folder/hostile/report.html"
