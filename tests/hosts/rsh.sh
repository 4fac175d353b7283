#!/usr/bin/env bash
# mpirun's way to another host of hosts.sh, in place of ssh:  rsh.sh HOST COMMAND...
. "$(dirname "$0")/hosts.sh"
host=$1
shift
hosts_on "$host" sh -c "$*"
