#include "orchestrator/config/launch_config.h"

#include <algorithm>

namespace temper {
namespace {

constexpr int64_t kMaxNodes = 65536;

bool IsOneLine(const std::string& text) { return text.find('\n') == std::string::npos; }

// What stands in a directive is read by sbatch, which knows no quotes that could be trusted.
bool IsWord(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == '"' || c == '\''; });
}

void DescribeSlurm(SlurmConfig& c, ConfigFields& f) {
  f.String("partition", &c.partition, "--partition; empty = Slurm's default");
  f.String("account", &c.account, "--account");
  f.String("qos", &c.qos, "--qos");
  f.String("time", &c.time, "--time, e.g. 4:00:00; empty = the partition's limit");
  f.Int("nodes", &c.nodes, {1, kMaxNodes}, "nodes of the job; of a heterogeneous one, those of learners and rollout workers");
  f.Int("ranks_per_node", &c.ranks_per_node, {0, 4096}, "ranks on each of these nodes; 0 = spread evenly");
  f.Int("gpus_per_node", &c.gpus_per_node, {0, 64}, "GPUs on each of these nodes; the learners of a node take one each, in order");
  f.Int("warn_s", &c.warn_s, {10, 65535},
        "seconds before the time limit at which the job is told to write a checkpoint and end; Slurm may be a minute early");
  f.Int("max_starts", &c.max_starts, {1, 1'000'000},
        "a job that failed goes back into the queue until it was started this often; one that was preempted always does");
  f.String("cpu_partition", &c.cpu_partition,
           "not empty: a heterogeneous job, whose orchestrator and reward workers run on nodes of this partition, without GPUs");
  f.Int("cpu_nodes", &c.cpu_nodes, {1, kMaxNodes}, "nodes of the reward workers of a heterogeneous job; the orchestrator has one more");
  f.StringList("directives", &c.directives, "further #SBATCH options, one each: [--constraint=h200, --exclusive]");
  f.StringList("setup", &c.setup, "shell lines before the job is started: [module load openmpi]");
  f.Rule([&c] { return IsWord(c.partition) && IsWord(c.account) && IsWord(c.qos) && IsWord(c.time) && IsWord(c.cpu_partition); },
         "launch.slurm.partition, account, qos, time and cpu_partition must be words without blanks or quotes");
  f.Rule(
      [&c] {
        return std::all_of(c.directives.begin(), c.directives.end(),
                           [](const std::string& d) { return d.starts_with("--") && d.size() > 2 && IsOneLine(d); });
      },
      "launch.slurm.directives must be options of sbatch, one each, that begin with --");
  f.Rule([&c] { return std::all_of(c.setup.begin(), c.setup.end(), IsOneLine); }, "launch.slurm.setup must hold one shell line each");
}

}  // namespace

void Describe(LaunchConfig& c, ConfigFields& f) {
  f.Int("cpus_per_rank", &c.cpus_per_rank, {1, 4096}, "cores of a rank and of the worker it hosts");
  f.Enum("bind", &c.bind, "core = each rank is bound to its cores (temper launch mpirun, slurm)");
  f.Section("slurm", "temper launch slurm: what Slurm is asked for", [&](ConfigFields& s) { DescribeSlurm(c.slurm, s); });
}

}  // namespace temper
