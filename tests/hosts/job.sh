# What the tests of jobs over several hosts share, to be sourced. Needs TEMPER (the program) and WORK (an empty folder).

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CONFIG=$TREE/tests/cluster_of_processes/tiny.yaml
# Two learners, two rollout workers, one reward worker; long enough to be disturbed, with a checkpoint now and then.
JOB_ROLES=(cluster.learners=2 cluster.rollout_workers=2 cluster.reward_workers=1)
JOB_SIZE=(run.dir="$WORK/runs" rl.steps=150 rl.prompts_per_step=12 rollout.group_size=8 "${JOB_ROLES[@]}")

say() { printf '%s %s\n' "$(date +%T)" "$*"; }

fail() {
  say "FAILED: $*"
  exit 1
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "waited in vain for: $what"
    sleep 0.2
  done
}

# rl_steps_done RUN STEPS: so many steps have been written down.
rl_steps_done() { [ -f "$WORK/runs/$1/main/metrics.jsonl" ] && [ "$(wc -l < "$WORK/runs/$1/main/metrics.jsonl")" -ge "$2" ]; }

sft_begun() { [ -s "$WORK/runs/$1/sft/metrics.jsonl" ]; }

weights_of() { echo "$WORK/runs/$1"/main/weights/step_*/model.safetensors; }

# The run no one disturbs, on one host.
make_reference() {
  "$TEMPER" launch "$CONFIG" run.name=reference "${JOB_SIZE[@]}" > "$WORK/reference.txt" 2>&1 ||
    { cat "$WORK/reference.txt"; fail "the job on one host ended with an error"; }
}

# same_weights RUN: finished, nothing lost or used twice, and the weights are the reference's to the bit.
same_weights() {
  [ -f "$(weights_of "$1")" ] || fail "$1: no weights in $WORK/runs/$1"
  cmp "$(weights_of reference)" "$(weights_of "$1")" || fail "$1: other weights than the run on one host"
  "$TEMPER" journal "$WORK/runs/$1/main" > "$WORK/journal.txt" || { cat "$WORK/journal.txt"; fail "$1: a journal with violations"; }
}

# processes_of RUN: the ids of processes with the run in their command line, but this script's own.
processes_of() { pgrep -f -- "run.name=$1( |$)|runs/$1/" | grep -vx "$$" || true; }
no_process_of() { [ -z "$(processes_of "$1")" ]; }
worker_of() { pgrep -f "temper worker .*runs/$1/.*/$2/" | head -1; }

# doc NAME: runs the commands of docs/CLUSTER.md between ``` marks after <!-- run: NAME -->, in this shell, from the documents' folder.
doc() {
  local text
  text=$(awk -v mark="<!-- run: $1 -->" '$0 == mark {found = 1; next} found && /^```/ {if (inside) exit; inside = 1; next} inside' \
    "$TREE/docs/CLUSTER.md")
  [ -n "$text" ] || fail "docs/CLUSTER.md has no commands called $1"
  { say "docs/CLUSTER.md, $1:"; sed 's/^/    $ /' <<< "$text"; } >&2
  eval "$text"
}
