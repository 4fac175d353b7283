#!/usr/bin/env bash
# A job over three hosts with mpirun: tests/hosts/run.sh BUILD_FOLDER. Makes the hosts, loses a worker on the way, removes the hosts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/hosts.sh"
export TEMPER=$(cd "${1:?the build folder, e.g. build/release}" && pwd)/bin/temper
export WORK=$(mktemp -d "${TMPDIR:-/tmp}/temper_hosts_XXXXXX")
[ -x "$TEMPER" ] || { echo "$TEMPER is not there: build it first" >&2; exit 1; }
trap 'hosts_remove; rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM
hosts_make node1 node2 node3
export OMPI_MCA_plm_rsh_agent=$here/rsh.sh
timeout --kill-after=10 360 bash -c '. "$0/hosts.sh"; hosts_on node1 "$0/cases.sh"' "$here"
