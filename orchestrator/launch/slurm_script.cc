#include "orchestrator/launch/slurm_script.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/base/role.h"
#include "record/run_paths.h"

namespace temper {
namespace {

std::string Directive(const std::string& option) { return "#SBATCH " + option + "\n"; }

std::string DirectiveIf(const char* option, const std::string& value) { return value.empty() ? "" : Directive(option + value); }

std::string Plural(int64_t count, const char* what) { return Concat(count, " ", what, count == 1 ? "" : "s"); }

// What the whole job asks for, and what each of its groups inherits.
std::string CommonDirectives(const SlurmJob& job, const std::string& name, const std::string& log) {
  const SlurmConfig& slurm = job.launch.slurm;
  std::string text = Directive("--job-name=" + name);
  text += DirectiveIf("--account=", slurm.account) + DirectiveIf("--qos=", slurm.qos) + DirectiveIf("--time=", slurm.time);
  text += Directive("--output=" + log) + Directive("--open-mode=append");
  return text;
}

int64_t RanksPerNode(int64_t ranks, int64_t nodes, int64_t ranks_per_node) {
  return ranks_per_node > 0 ? ranks_per_node : (ranks + nodes - 1) / nodes;
}

// Ranks on nodes: all of a node's before the next node's.
std::string GroupDirectives(const LaunchConfig& launch, const std::string& partition, int64_t ranks, int64_t nodes,
                            int64_t ranks_per_node) {
  const int64_t per_node = RanksPerNode(ranks, nodes, ranks_per_node);
  if (per_node * nodes < ranks || (nodes - 1) * per_node >= ranks) {
    throw ConfigError(Concat("launch.slurm: ", Plural(ranks, "rank"), " do not fill ", Plural(nodes, "node"), " with ", per_node,
                             " on each; change launch.slurm.nodes, ranks_per_node, or the numbers of cluster.*"));
  }
  return DirectiveIf("--partition=", partition) + Directive(Concat("--nodes=", nodes)) + Directive(Concat("--ntasks=", ranks)) +
         Directive(Concat("--ntasks-per-node=", per_node)) + Directive(Concat("--cpus-per-task=", launch.cpus_per_rank));
}

std::string FurtherDirectives(const SlurmConfig& slurm) {
  std::string text;
  if (slurm.gpus_per_node > 0) text += Directive(Concat("--gpus-per-node=", slurm.gpus_per_node));
  for (const std::string& directive : slurm.directives) text += Directive(directive);
  return text;
}

std::string Preamble(const SlurmJob& job) {
  std::string text = "\ncd " + ShellWord(job.working_folder) + " || exit 78\n";
  for (const std::string& line : job.launch.slurm.setup) text += line + "\n";
  return text;
}

constexpr char kRunWithSignals[] = R"sh(
# The first signal asks the job for a checkpoint and an end; a second one would end it without. It comes before the time limit (USR1) or
# when another job takes the nodes (TERM).
signals=0
job=
pass_on() {
  signals=$((signals + 1))
  if [ "$signals" = 1 ] && [ -n "$job" ]; then kill -USR1 "$job"; fi
}
trap pass_on USR1 TERM

echo "temper: Slurm job $SLURM_JOB_ID, attempt $((${SLURM_RESTART_COUNT:-0} + 1)), on $(scontrol show hostnames | paste -sd ' ')"
run &
job=$!
if [ "$signals" != 0 ]; then kill -USR1 "$job"; fi
while :; do
  seen=$signals
  wait "$job"
  code=$?
  if [ "$seen" = "$signals" ]; then break; fi # else a signal cut the wait short
done
echo "temper: ended with code $code"

# 85: stopped with a checkpoint, from which it goes on when it gets nodes again. 75: failed, by a node that died perhaps. A job that was
# cancelled is not running any more, and stays away.
starts=$((${SLURM_RESTART_COUNT:-0} + 1))
case "$(scontrol --oneliner show job "$SLURM_JOB_ID")" in
  *" JobState=RUNNING "* | *" Reason=TimeLimit "*)
    if [ "$code" = 85 ] || { [ "$code" = 75 ] && [ "$starts" -lt "$max_starts" ]; }; then
      scontrol requeue "$SLURM_JOB_ID"
    elif [ "$code" = 75 ]; then
      echo "temper: started $starts times (launch.slurm.max_starts)"
    fi ;;
esac
exit "$code"
)sh";

// What the script runs: mpirun starts the ranks, `temper launch` starts them again when one dies. A checkpoint to start from is for the
// first attempt; once it is queued again the job goes on from its own.
std::string RunFunction(const SlurmJob& job, const RoleLayout& layout, const std::string& further) {
  std::vector<std::string> words = {job.program, "launch", "mpirun"};
  words.insert(words.end(), job.arguments.begin(), job.arguments.end());
  words.insert(words.end(), {"--np", Concat(layout.num_ranks())});
  std::string text;
  std::string resume;
  if (!job.resume_folder.empty()) {
    text = "\nresume=" + ShellWord(job.resume_folder) + "\nif [ \"${SLURM_RESTART_COUNT:-0}\" != 0 ]; then resume=auto; fi\n";
    resume = " --resume \"$resume\"";
  }
  return Concat(text, "\nrun() { exec ", ShellWords(words), resume, further, "; }\nmax_starts=", job.launch.slurm.max_starts, "\n");
}

std::string Title(const SlurmJob& job, const RoleLayout& layout) {
  return Concat("#!/bin/bash\n# ", job.name, ": ", Plural(layout.num_ranks(), "rank"), " = 1 orchestrator, ",
                Plural(layout.num_learners(), "learner"), ", ", Plural(layout.num_rollout_workers(), "rollout worker"), ", ",
                Plural(layout.num_reward_workers(), "reward worker"), ". Written by temper launch slurm.\n");
}

std::string JobDirectives(const SlurmJob& job) {
  return CommonDirectives(job, job.name, RunPaths(job.run_folder).SlurmLog("%j")) + Directive("--requeue") +
         Directive(Concat("--signal=B:USR1@", job.launch.slurm.warn_s));
}

std::string RenderOneGroup(const SlurmJob& job, const RoleLayout& layout) {
  const SlurmConfig& slurm = job.launch.slurm;
  return Title(job, layout) + JobDirectives(job) +
         GroupDirectives(job.launch, slurm.partition, layout.num_ranks(), slurm.nodes, slurm.ranks_per_node) + FurtherDirectives(slurm) +
         Preamble(job) + RunFunction(job, layout, "") + kRunWithSignals;
}

constexpr char kReachGroups[] = R"sh(
# By itself mpirun sees the nodes of group 0 only: it is told of all of them, and reaches them through srun.
hosts=$files/hosts.$SLURM_JOB_ID
reach=$files/reach.$SLURM_JOB_ID
cat > "$reach" <<'END'
#!/bin/bash
host=$1
shift
for group in 0 1 2; do
  nodes=SLURM_JOB_NODELIST_HET_GROUP_$group
  if scontrol show hostnames "${!nodes}" | grep -qx "$host"; then
    exec srun --het-group=$group --nodelist="$host" --nodes=1 --ntasks=1 --overlap sh -c "$*" < /dev/null
  fi
done
echo "no node of this job: $host" >&2
exit 1
END
chmod 700 "$reach"
export OMPI_MCA_ras=^slurm OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent=$reach OMPI_MCA_plm_rsh_no_tree_spawn=1
export OMPI_MCA_orte_leave_session_attached=1
slots() { scontrol show hostnames "$1" | sed "s/\$/ slots=$2/"; }
)sh";

// Three groups of nodes.
std::string RenderGroups(const SlurmJob& job, const RoleLayout& layout) {
  const SlurmConfig& slurm = job.launch.slurm;
  const int64_t middle = layout.num_learners() + layout.num_rollout_workers();
  const int64_t reward = layout.num_reward_workers();
  return Title(job, layout) + JobDirectives(job) + "\n# Group 0: the orchestrator.\n" +
         GroupDirectives(job.launch, slurm.cpu_partition, 1, 1, 1) + "\n# Group 1: learners and rollout workers.\n" + Directive("hetjob") +
         GroupDirectives(job.launch, slurm.partition, middle, slurm.nodes, slurm.ranks_per_node) + FurtherDirectives(slurm) +
         "\n# Group 2: reward workers.\n" + Directive("hetjob") +
         GroupDirectives(job.launch, slurm.cpu_partition, reward, slurm.cpu_nodes, 0) + Preamble(job) +
         "\nfiles=" + ShellWord(RunPaths(job.run_folder).Slurm()) + kReachGroups +
         Concat("{\n  slots \"$SLURM_JOB_NODELIST_HET_GROUP_0\" 1\n  slots \"$SLURM_JOB_NODELIST_HET_GROUP_1\" ",
                RanksPerNode(middle, slurm.nodes, slurm.ranks_per_node), "\n  slots \"$SLURM_JOB_NODELIST_HET_GROUP_2\" ",
                RanksPerNode(reward, slurm.cpu_nodes, 0), "\n} > \"$hosts\"\n") +
         RunFunction(job, layout, " --hostfile \"$hosts\"") + kRunWithSignals;
}

std::string WorkersStep(const SlurmJob& job, const std::string& role, int64_t count, int64_t capacity) {
  if (count == 0) return "";
  const std::string log = RunPaths(job.run_folder).SlurmWorkerLog(role);
  return Concat("srun --exact --ntasks=", count, " --cpus-per-task=", job.launch.cpus_per_rank, " --output=", ShellWord(log), " \\\n  ",
                ShellWords({job.program, "worker", "--connect", job.run_folder, "--role", role, "--capacity", Concat(capacity)}),
                " &\nsteps+=($!)\n");
}

}  // namespace

std::string RenderJobScript(const SlurmJob& job, const RoleLayout& layout) {
  return job.launch.slurm.cpu_partition.empty() ? RenderOneGroup(job, layout) : RenderGroups(job, layout);
}

std::string RenderWorkersScript(const SlurmJob& job, const SlurmWorkers& workers) {
  const SlurmConfig& slurm = job.launch.slurm;
  return Concat("#!/bin/bash\n# ", Plural(workers.rollout, "rollout worker"), " and ", Plural(workers.reward, "reward worker"),
                " for the job that runs in ", job.run_folder, ".\n# They leave when it ends. Written by temper launch slurm.\n") +
         CommonDirectives(job, job.name + "-workers", RunPaths(job.run_folder).SlurmWorkersLog("%j")) +
         GroupDirectives(job.launch, slurm.partition, workers.rollout + workers.reward, slurm.nodes, slurm.ranks_per_node) +
         FurtherDirectives(slurm) + Preamble(job) + "\nsteps=()\n" +
         WorkersStep(job, ToString(Role::kRollout), workers.rollout, workers.rollout_capacity) +
         WorkersStep(job, ToString(Role::kReward), workers.reward, workers.reward_capacity) +
         "code=0\nfor step in \"${steps[@]}\"; do wait \"$step\" || code=$?; done\nexit \"$code\"\n";
}

std::string ShellWord(const std::string& word) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) || std::string_view("_-+=./,:@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string ShellWords(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + ShellWord(word);
  return line;
}

}  // namespace temper
