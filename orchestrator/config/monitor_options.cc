#include "orchestrator/config/monitor_options.h"

#include <arpa/inet.h>

namespace temper {
namespace {

constexpr IntRange kEvery{1, 1'000'000'000};  // steps

bool IsIpv4(const std::string& address) {
  in_addr parsed{};
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1;
}

}  // namespace

void Describe(CheckpointConfig& c, ConfigFields& f) {
  f.Int("every", &c.every, kEvery, "RL steps between checkpoints");
  f.Int("sft_every", &c.sft_every, kEvery, "SFT steps between checkpoints");
  f.Int("keep", &c.keep, {2, 1000}, "newest checkpoints to keep");
}

void Describe(MonitorConfig& c, ConfigFields& f) {
  f.Enum("progress", &c.progress,
         "a bar, or a line, for each RL step and every 20th SFT step; auto = a bar where standard error is a terminal and neither mpirun "
         "nor srun started the process, so never under temper launch, and lines otherwise");
  f.Int("traces_every", &c.traces_every, kEvery, "samples are written to traces/ at the first step and at every step that this divides");
  f.Int("traces_per_step", &c.traces_per_step, {0, 1 << 20}, "groups written each time");
  f.Real("cluster_log_s", &c.cluster_log_s, {0, 3600},
         "seconds between the rows of a process in cluster.jsonl; 0 = off: no such rows, and no spans for temper trace");
  f.Int("cluster_log_mib", &c.cluster_log_mib, {1, 1 << 20},
        "largest size of cluster.jsonl, and of traces/spans.jsonl, each with its predecessor of half that size");
  f.Bool("tensorboard", &c.tensorboard, "write event files to <run>/tb");
  f.Int("prometheus_port", &c.prometheus_port, {0, 65535},
        "every process serves its metrics at this port + its rank, for Prometheus; 0 = off");
  f.String("prometheus_address", &c.prometheus_address,
           "IPv4 address it listens on; 0.0.0.0 = all, for a Prometheus on another host: the metrics are neither encrypted nor guarded");
  f.String(
      "command", &c.command,
      "a shell command that gets every row of metrics, a line of JSON each, on its standard input, with run and arm; its output goes to "
      "logs/monitor_command.log; the job never waits for it; empty = none");
  f.Real("command_finish_s", &c.command_finish_s, {0, 3600}, "how long the end of a job waits for the end of monitor.command");
  DescribeHealth(&c.health, f);
  f.Rule([&c] { return IsIpv4(c.prometheus_address); },
         "monitor.prometheus_address must be an IPv4 address of this host, e.g. 127.0.0.1, or 0.0.0.0 for all of them");
}

}  // namespace temper
