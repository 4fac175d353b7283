#!/usr/bin/env bash
# The shipped Prometheus files, checked by promtool, and a running job, scraped by a real Prometheus:  prometheus.sh TEMPER_PROGRAM
# Installs Debian's package where it is missing. Its service is never started: the test runs a server of its own and ends it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
monitor=$here/../../cluster/metrics
if ! command -v promtool >/dev/null; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  # A policy that forbids starting services, for as long as this installation takes.
  policy=$(mktemp)
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    "${as_root[@]}" cp "$policy" /usr/sbin/policy-rc.d
    trap '"${as_root[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus >/dev/null ||
    { echo "prometheus.sh: Debian's package prometheus could not be installed: this test needs promtool and prometheus" >&2; exit 1; }
fi
promtool check rules "$monitor/alerts.yml"
promtool check config "$monitor/prometheus.yml"
promtool test rules "$here/alerts_test.yml"
/usr/bin/python3 "$here/check_prometheus.py" "$1"
