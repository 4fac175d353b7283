# Several hosts on one machine, to be sourced: network namespaces on a switch of their own, each with a host name, the others' names in
# its /etc/hosts and a /dev/shm of its own (the same one for all that a command starts). Files and processes are shared. Needs root; the
# machine's own network is not touched.
#
#   hosts_make NAME...           makes them; exports what the others need
#   hosts_on NAME COMMAND...     runs a command there, in place of this shell's child
#   hosts_address NAME           prints its address
#   hosts_kill NAME              kills everything that runs there
#   hosts_remove                 kills what is left on all of them and removes them

hosts_require() {
  local tool
  unshare --net --uts --mount true 2>/dev/null ||
    { echo "this makes network namespaces: it needs root, and in a container the capabilities SYS_ADMIN and NET_ADMIN" >&2; return 1; }
  for tool in ip nsenter unshare hostname; do
    command -v "$tool" >/dev/null || { echo "needs $tool (Debian: apt-get install iproute2 util-linux hostname)" >&2; return 1; }
  done
}

hosts_namespace() { echo "temper$HOSTS_TAG-$1"; }

hosts_address() { sed -n "s/ $1\$//p" "$HOSTS_FILE"; }

hosts_make() {
  local name number=0 namespace
  hosts_require || return 1
  export HOSTS_TAG=$$ HOSTS_NAMES="$*" HOSTS_FILE
  HOSTS_FILE=$(mktemp "${TMPDIR:-/tmp}/temper_hosts_XXXXXX")
  chmod 0644 "$HOSTS_FILE"
  echo "127.0.0.1 localhost" > "$HOSTS_FILE"
  ip netns add "$(hosts_namespace switch)"
  ip -n "$(hosts_namespace switch)" link add switch type bridge
  ip -n "$(hosts_namespace switch)" link set switch up
  for name in "$@"; do
    number=$((number + 1))
    namespace=$(hosts_namespace "$name")
    ip netns add "$namespace"
    ip -n "$namespace" link add eth0 type veth peer name "port$number" netns "$(hosts_namespace switch)"
    ip -n "$(hosts_namespace switch)" link set "port$number" master switch up
    ip -n "$namespace" address add "10.77.0.$number/24" dev eth0
    ip -n "$namespace" link set eth0 up
    ip -n "$namespace" link set lo up
    echo "10.77.0.$number $name" >> "$HOSTS_FILE"
  done
}

hosts_on() {
  local name=$1
  shift
  nsenter --net="/run/netns/$(hosts_namespace "$name")" -- unshare --uts --mount -- sh -c '
    hostname "$1" && mount --bind "$2" /etc/hosts && mount -t tmpfs -o mode=1777 tmpfs /dev/shm && shift 2 && exec "$@"' \
    sh "$name" "$HOSTS_FILE" "$@"
}

hosts_kill() {
  local turn pids
  for turn in 1 2 3 4 5 6 7 8 9 10; do
    pids=$(ip netns pids "$(hosts_namespace "$1")" 2>/dev/null) || return 0
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null || true
    sleep 0.1
  done
}

hosts_remove() {
  local name
  [ -n "${HOSTS_TAG:-}" ] || return 0
  for name in $HOSTS_NAMES switch; do
    hosts_kill "$name"
    ip netns delete "$(hosts_namespace "$name")" 2>/dev/null || true
  done
  rm -f "$HOSTS_FILE"
}
