# A real Slurm on the hosts of tests/hosts/hosts.sh, to be sourced: slurmctld on `head`, slurmd on the others, munge for all of them,
# everything in the folder $SLURM_FOLDER and gone with it. Partitions: `main` is node1 and node2; what is submitted to `urgent` takes the
# nodes of a job in `main`, which is told 60 s before; `cpu` is node3 and node4. A job goes back into the queue for 6 s (cred_expire), not for Slurm's usual two minutes.

slurm_install() {
  command -v slurmctld slurmd munged >/dev/null && return 0
  echo "installing slurm-wlm and munge"
  local policy=/usr/sbin/policy-rc.d ours=
  # The packages would start daemons of their own.
  [ -e $policy ] || { ours=1; printf '#!/bin/sh\nexit 101\n' > $policy; chmod +x $policy; }
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
  local code=$?
  [ -z "$ours" ] || rm -f $policy
  return $code
}

slurm_configure() {
  local S=$SLURM_FOLDER
  mkdir -p "$S"/munge "$S"/state "$S"/{spool,scratch}.node{1,2,3,4}
  cat > "$S/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=head($(hosts_address head))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$S/munge/munge.socket,cred_expire=5
StateSaveLocation=$S/state
SlurmctldPidFile=$S/slurmctld.pid
SlurmctldLogFile=$S/slurmctld.log
SlurmdPidFile=$S/slurmd.%n.pid
SlurmdLogFile=$S/slurmd.%n.log
SlurmdSpoolDir=$S/spool.%n
TmpFS=$S/scratch.%n
SlurmdParameters=config_overrides
SlurmctldParameters=preempt_send_user_signal
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=1,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=5
SlurmdTimeout=10
ReturnToService=2
NodeName=node1 NodeAddr=$(hosts_address node1) CPUs=8 RealMemory=1000
NodeName=node2 NodeAddr=$(hosts_address node2) CPUs=8 RealMemory=1000
NodeName=node3 NodeAddr=$(hosts_address node3) CPUs=8 RealMemory=1000
NodeName=node4 NodeAddr=$(hosts_address node4) CPUs=8 RealMemory=1000
PartitionName=main Nodes=node[1-2] Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=60 MaxTime=60
PartitionName=urgent Nodes=node[1-2] PriorityTier=10 PreemptMode=OFF MaxTime=60
PartitionName=cpu Nodes=node[3-4] PriorityTier=1 PreemptMode=OFF MaxTime=60
CONF
  dd if=/dev/urandom of="$S/munge/munge.key" bs=1024 count=1 2>/dev/null
  chown -R munge "$S/munge"
  chmod 0400 "$S/munge/munge.key"
  chmod 0755 "$S" "$S/munge"
}

slurm_start_node() { hosts_on "$1" slurmd -N "$1" -f "$SLURM_FOLDER/slurm.conf"; }

slurm_start() {
  local m=$SLURM_FOLDER/munge
  runuser -u munge -- munged --force --key-file="$m/munge.key" --socket="$m/munge.socket" --pid-file="$m/munged.pid" \
    --log-file="$m/munged.log" --seed-file="$m/munged.seed"
  hosts_on head slurmctld -i -f "$SLURM_FOLDER/slurm.conf"
  local node
  for node in node1 node2 node3 node4; do slurm_start_node "$node"; done
}

# The daemons on the hosts go with the hosts.
slurm_stop() {
  local pid=$SLURM_FOLDER/munge/munged.pid
  [ ! -f "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || true
}
