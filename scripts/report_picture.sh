#!/usr/bin/env bash
# Draws the first screens of a report as a picture, with headless Chromium:  scripts/report_picture.sh report.html picture.png [HEIGHT]
# HEIGHT: pixels of the page to show (default 2680: up to the first evaluation set).
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 report.html picture.png [HEIGHT]" >&2; exit 2; }
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  { echo "$0: no Chromium here (Debian: apt-get install chromium)" >&2; exit 1; }
sandbox=()
[ "$(id -u)" != 0 ] || sandbox=(--no-sandbox)
"$browser" --headless "${sandbox[@]}" --disable-gpu --hide-scrollbars --force-device-scale-factor=0.8 --window-size="1180,${3:-2680}" \
  --screenshot="$(realpath "$2")" "file://$(realpath "$1")" 2>/dev/null
[ -s "$2" ] || { echo "$0: the browser drew nothing" >&2; exit 1; }
