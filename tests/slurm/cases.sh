#!/usr/bin/env bash
# The cases of run.sh; runs on the head of the cluster.
set -euo pipefail
. "$(dirname "$0")/../hosts/hosts.sh"
. "$(dirname "$0")/../hosts/job.sh"
. "$(dirname "$0")/cluster.sh"

mkdir -p "$WORK/runs"
ln -s "$TREE/configs" "$WORK/configs"
cd "$WORK"
PATH=$(dirname "$TEMPER"):$PATH
TWO_NODES=(launch.slurm.nodes=2 launch.slurm.time=10)

# state JOB STATE...: the job is in one of them.
state() {
  local now
  now=$(scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | head -1)
  shift
  [[ " $* " == *" $now "* ]]
}
await_state() {
  local seconds=$1 job=$2
  shift 2
  wait_for "$seconds" "job $job to be $*; it is $(scontrol show job "$job" | grep -o 'JobState=.*')" state "$job" "$@"
}
restarts() { scontrol show job "$1" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p' | head -1; }
job_in() { sed -n 's/^submitted Slurm job \([0-9]*\)$/\1/p' "$1"; }
log_has() { grep -q -- "$2" "runs/$1/logs/slurm-"*.log || fail "$1: the log does not say: $2"; }

# start RUN OVERRIDES...: submits the run on tiny.yaml; sets JOB.
start() {
  local run=$1
  shift
  temper launch slurm "$CONFIG" run.name="$run" "${JOB_SIZE[@]}" "$@" > "$run.txt"
  JOB=$(job_in "$run.txt")
  [ -n "$JOB" ] || fail "$run: no job number in: $(cat "$run.txt")"
}

# A newcomer's way through docs/CLUSTER.md: submit, look, preempt by hand, resume.
by_the_book() {
  doc slurm-dry-run > dry_run.txt
  grep -q '^#SBATCH --nodes=2$' dry_run.txt || fail "$(cat dry_run.txt)"
  doc slurm > slurm.txt
  JOB=$(job_in slurm.txt)
  wait_for 60 "the log of job $JOB" test -s "runs/second/logs/slurm-$JOB.log"
  doc slurm-queue > queue.txt
  grep -q second queue.txt || fail "squeue: $(cat queue.txt)"
  wait_for 60 "the first step in the log" grep -q "step:1/" "runs/second/logs/slurm-$JOB.log"
  doc slurm-logs > logs.txt
  grep -q "rank 2  rollout 0  on node2" logs.txt || fail "the log's beginning: $(cat logs.txt)"
  doc slurm-preempt
  wait_for 60 "job $JOB to be started again" grep -q "attempt 2, on node1 node2" "runs/second/logs/slurm-$JOB.log"
  await_state 90 "$JOB" COMPLETED
  doc slurm-status > status.txt
  grep -q '"state": "done"' status.txt || fail "status.json: $(cat status.txt)"
}

two_nodes() {
  say "a job on two nodes"
  start nodes "${TWO_NODES[@]}"
  await_state 120 "$JOB" COMPLETED
  same_weights nodes
  log_has nodes "on node1 node2"
  log_has nodes "rank 5  reward 0  on node2"
}

# Another job wants the nodes: checkpoint, 85, queued again, resumed. The weights are those of the run that was let alone.
preemption() {
  say "a job is preempted by one of another partition"
  start preempted "${TWO_NODES[@]}"
  wait_for 90 "the third RL step" rl_steps_done preempted 3
  local urgent
  urgent=$(sbatch --parsable --partition=urgent --nodes=2 --exclusive --output=/dev/null --wrap 'sleep 2')
  await_state 60 "$urgent" COMPLETED
  await_state 120 "$JOB" COMPLETED
  [ "$(restarts "$JOB")" = 1 ] || fail "started again $(restarts "$JOB") times"
  log_has preempted "temper: ended with code 85"
  log_has preempted "Slurm job $JOB start 2, 6 ranks"
  [ "$(cat runs/preempted/epoch)" = 2 ] || fail "epoch $(cat runs/preempted/epoch)"
  same_weights preempted
}

cancel() {
  say "a job is cancelled"
  start cancelled "${TWO_NODES[@]}" rl.steps=5000
  wait_for 90 "the first RL step" rl_steps_done cancelled 1
  doc slurm-cancel
  await_state 60 "$JOB" CANCELLED
  wait_for 20 "no process of the cancelled job" no_process_of cancelled
}

# Everything on node2 dies at once; the node comes back later.
node_down() {
  say "a node goes down"
  start lost "${TWO_NODES[@]}"
  wait_for 90 "the third RL step" rl_steps_done lost 3
  hosts_kill node2
  wait_for 60 "Slurm to notice" bash -c "scontrol show node node2 | grep -q 'State=DOWN'"
  wait_for 60 "the job to be queued again" state "$JOB" PENDING
  slurm_start_node node2
  await_state 120 "$JOB" COMPLETED
  [ "$(restarts "$JOB")" -ge 1 ] || fail "not started again"
  same_weights lost
}

# The job runs on one node and listens where others reach it; two workers more come on the other node.
workers_join() {
  say "workers join a running job"
  start joined launch.slurm.time=10 'launch.slurm.directives=[--exclusive]' cluster.endpoint='tcp://eth0:*'
  wait_for 90 "the first SFT step" sft_begun joined
  RUN=runs/joined
  doc slurm-workers > workers.txt
  local workers
  workers=$(job_in workers.txt)
  await_state 120 "$JOB" COMPLETED
  await_state 30 "$workers" COMPLETED
  [ "$(grep -c 'worker joined: .* on node2 (while running)' runs/joined/logs/latest/orchestrator/rank_0.log)" = 2 ] ||
    fail "joined: $(grep 'worker joined' runs/joined/logs/latest/orchestrator/rank_0.log)"
  same_weights joined
}

# Orchestrator, learners with rollout workers, and graders on groups of nodes of their own, one MPI world.
heterogeneous() {
  say "a heterogeneous job"
  start mixed launch.slurm.cpu_partition=cpu launch.slurm.time=10
  await_state 90 "$JOB" COMPLETED
  same_weights mixed
  log_has mixed "rank 0  orchestrator  on node3"
  log_has mixed "rank 4  rollout 1  on node1"
  log_has mixed "rank 5  reward 0  on node4"
}

all_idle() { [ "$(sinfo --noheader --Node --states=idle --format=%N | sort -u | wc -l)" = 4 ]; }
wait_for 30 "four idle nodes" all_idle
say "the same job on one host, without Slurm, to compare with"
make_reference
cases=("$@")
[ $# != 0 ] || cases=(by_the_book two_nodes preemption cancel node_down workers_join heterogeneous)
for each in "${cases[@]}"; do $each; done
say "all passed"
