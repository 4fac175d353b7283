#!/usr/bin/env bash
# The cases of run.sh; runs on the first host.
set -euo pipefail
. "$(dirname "$0")/hosts.sh"
. "$(dirname "$0")/job.sh"

# Run folders lie in the scratch folder, as a newcomer's would beside the configs.
mkdir -p "$WORK/runs"
ln -s "$TREE/configs" "$WORK/configs"
cd "$WORK"
PATH=$(dirname "$TEMPER"):$PATH

# Started as the document says, on the smallest config.
mpirun_by_the_book() {
  doc hostfile
  doc mpirun-dry-run > dry_run.txt
  grep -q "mpirun -np 6 --host node1:2,node2:2,node3:2 --map-by slot --bind-to none " dry_run.txt || fail "the command: $(cat dry_run.txt)"
  grep -q "rank 5  reward 0  on node3" dry_run.txt || fail "the layout: $(cat dry_run.txt)"
  doc mpirun > by_the_book.txt 2>&1 || { cat by_the_book.txt; fail "the job ended with an error"; }
  grep -q "rank 2  learner 1  on node2" by_the_book.txt || fail "no learner on node2: $(cat by_the_book.txt)"
  grep -q '"state": "done"' runs/first/status.json || fail "status: $(cat runs/first/status.json)"
  doc watch > watch.txt || { cat watch.txt; fail "a command that watches the job failed"; }
  grep -q "learner .*node2" watch.txt || fail "top shows no learner on node2: $(cat watch.txt)"
  python3 -c 'import json; json.load(open("trace.json"))["traceEvents"][0]' || fail "trace.json is no trace"
  [ -n "$(ls first_csv)" ] || fail "nothing was exported"
}

# The keys of a running job: in a file that is its owner's alone, in no command line.
keys_are_kept() {
  local file=$WORK/runs/$1/rendezvous.json
  [ "$(stat -c %a "$file")" = 600 ] || fail "$file has mode $(stat -c %a "$file")"
  grep -q '"endpoint": "tcp://10.77.0.1:[0-9]*"' "$file" || fail "not node1's address: $(grep endpoint "$file")"
  sed -n 's/.*"keys": "\(.*\)".*/\1/p' "$file" | tr ' ' '\n' > keys.txt
  [ "$(grep -cE '^.{40}$' keys.txt)" = 3 ] || fail "not three keys of 40 characters in $file"
  { cat /proc/[0-9]*/cmdline 2>/dev/null || true; } | tr '\0' ' ' > command_lines.txt
  grep -q "rollout/rank_3_worker.log" command_lines.txt || fail "the command lines of the workers are not seen"
  if grep -qFf keys.txt command_lines.txt; then fail "a key stands in a command line"; fi
}

# A rollout worker on node2 is killed: the job goes on, and ends with the weights of a job on one host.
worker_lost_on_another_host() {
  say "a worker is killed on node2"
  "$TEMPER" launch mpirun "$CONFIG" --hostfile hosts run.name=hosts "${JOB_SIZE[@]}" > hosts.txt 2>&1 &
  local job=$! worker
  wait_for 90 "the third RL step" rl_steps_done hosts 3
  keys_are_kept hosts
  worker=$(pgrep -f "temper worker .*rollout/rank_3_worker")
  [ "$(readlink "/proc/$worker/ns/net")" != "$(readlink /proc/self/ns/net)" ] || fail "worker $worker runs on this host"
  kill -9 "$worker"
  wait $job || { cat hosts.txt; fail "the job ended with an error"; }
  same_weights hosts
  grep -q "worker lost: rollout" runs/hosts/logs/latest/orchestrator/rank_0.log || fail "the loss was not noticed"
  grep -q "died (signal 9), starting it again" runs/hosts/logs/latest/rollout/rank_3.log || fail "the worker was not started again"
  [ ! -e runs/hosts/rendezvous.json ] || fail "rendezvous.json is still there"
  wait_for 5 "no process of the job on any host" no_process_of hosts
}

# A worker on the third host joins the job that runs on the first.
worker_joins_from_another_host() {
  say "a worker joins from node3"
  "$TEMPER" launch "$CONFIG" run.name=joined "${JOB_SIZE[@]}" cluster.endpoint='tcp://eth0:*' > joined.txt 2>&1 &
  local job=$! worker
  wait_for 60 "the first SFT step" sft_begun joined
  "$OMPI_MCA_plm_rsh_agent" node3 "$TEMPER worker --connect $WORK/runs/joined --role rollout --log $WORK/joined_worker.txt" &
  worker=$!
  wait $job || { cat joined.txt; fail "the job ended with an error"; }
  wait $worker || fail "the worker did not end as asked: $(cat joined_worker.txt)"
  grep -q "worker joined: rollout on node3 (while running)" runs/joined/logs/latest/orchestrator/rank_0.log || fail "it did not join"
  same_weights joined
}

# Seen from node3, which has nothing of the run but a copy of its rendezvous.json: over the bus, with its keys, and with others not.
seen_from_another_host() {
  say "a job is observed from node3"
  # So many steps that it lasts while it is looked at.
  "$TEMPER" launch "$CONFIG" run.name=observed "${JOB_SIZE[@]}" rl.steps=400 cluster.endpoint='tcp://eth0:*' > observed.txt 2>&1 &
  local job=$! code=0
  # Its file system has no run folder.
  watch() { "$OMPI_MCA_plm_rsh_agent" node3 "mount -t tmpfs tmpfs $WORK/runs && exec $TEMPER $*"; }
  wait_for 90 "the third RL step" rl_steps_done observed 3
  mkdir -p elsewhere && cp -p runs/observed/rendezvous.json elsewhere
  watch status --connect "$WORK/elsewhere" --json > status.json || fail "no status: $(cat status.json)"
  grep -q '"stage": "rl"' status.json || fail "$(cat status.json)"
  grep -q '"life": "alive"' status.json || fail "$(cat status.json)"
  watch top --connect "$WORK/elsewhere/rendezvous.json" --once > top.txt || fail "no picture: $(cat top.txt)"
  grep -q "^rollout .*node1" top.txt || fail "$(cat top.txt)"
  # With the client keys of the job before, which keys_are_kept left here.
  python3 - elsewhere/rendezvous.json keys.txt <<'PY'
import json, sys
contact = json.load(open(sys.argv[1]))
before = open(sys.argv[2]).read().split()
contact["keys"] = " ".join([contact["keys"].split()[0], before[1], before[2]])
json.dump(contact, open(sys.argv[1], "w"))
PY
  watch status --connect "$WORK/elsewhere" > refused.txt 2>&1 || code=$?
  [ $code = 78 ] || fail "exit code $code: $(cat refused.txt)"
  grep -q "turned this key away" refused.txt || fail "$(cat refused.txt)"
  wait $job || { cat observed.txt; fail "the job ended with an error"; }
  "$TEMPER" journal runs/observed/main > journal.txt || { cat journal.txt; fail "a journal with violations"; }
  grep -q "turned away .*: not a key of this job" runs/observed/logs/latest/orchestrator/rank_0.log || fail "the refusal is not in the log"
}

# Loopback and a host that is not this one: refused in a sentence.
loopback_is_refused() {
  say "a bus on loopback is refused"
  local code=0
  "$TEMPER" launch mpirun "$CONFIG" --hostfile hosts run.name=loopback "${JOB_SIZE[@]}" 'cluster.endpoint=tcp://127.0.0.1:*' \
    > loopback.txt 2>&1 || code=$?
  [ $code = 78 ] || fail "exit code $code: $(cat loopback.txt)"
  grep -q "cluster.endpoint: ranks on node2 cannot reach tcp://127.0.0.1" loopback.txt || fail "$(cat loopback.txt)"
}

mpirun_by_the_book
say "the same job on one host, to compare with"
make_reference
worker_lost_on_another_host
worker_joins_from_another_host
seen_from_another_host
loopback_is_refused
say "all passed"
