#!/usr/bin/env bash
# Jobs under a real Slurm of two nodes: tests/slurm/run.sh BUILD_FOLDER [CASE...]. Installs Slurm where it is missing, starts it in a
# temporary folder on hosts made for it, runs the cases (cases.sh), stops and removes everything again. Needs root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../hosts/hosts.sh"
. "$here/cluster.sh"
export TEMPER=$(cd "${1:?the build folder, e.g. build/release}" && pwd)/bin/temper
shift
[ -x "$TEMPER" ] || { echo "$TEMPER is not there: build it first" >&2; exit 1; }
hosts_require
slurm_install
export WORK=$(mktemp -d "${TMPDIR:-/tmp}/temper_slurm_XXXXXX")
chmod 0755 "$WORK"
export SLURM_FOLDER=$WORK/slurm SLURM_CONF=$WORK/slurm/slurm.conf
finish() {
  local code=$?
  if [ $code != 0 ]; then tail -n 30 "$SLURM_FOLDER"/*.log "$WORK"/runs/*/logs/*.log 2>/dev/null || true; fi
  hosts_remove
  slurm_stop
  if [ -z "${KEEP_WORK:-}" ]; then rm -rf "$WORK"; else echo "kept $WORK"; fi
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM
hosts_make head node1 node2 node3 node4
slurm_configure
slurm_start
timeout --kill-after=10 780 bash -c '. "$0/../hosts/hosts.sh"; hosts_on head "$0/cases.sh" "$@"' "$here" "$@"
