// What monitoring takes of a process's time: processor microseconds of each thing it does, by itself and with nothing else around. Those
// done once a step are set against a step, those done once a second against a second.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>

#include <sys/resource.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/host/process_stats.h"
#include "cluster/metrics/metric_table.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "cluster/metrics/tensorboard_sink.h"
#include "cluster/telemetry/telemetry.h"
#include "orchestrator/flow/cluster_monitor.h"
#include "record/metrics_file.h"

namespace temper {
namespace {

double CpuMicros() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto micros = [](const timeval& t) { return 1e6 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec); };
  return micros(use.ru_utime) + micros(use.ru_stime);
}

// Microseconds of processor time a call; the best of five rounds, because others on the machine only ever add to it.
double CostOf(const std::function<void()>& call, int calls = 400) {
  call();
  double best = 1e18;
  for (int round = 0; round < 5; ++round) {
    const double before = CpuMicros();
    for (int i = 0; i < calls; ++i) call();
    best = std::min(best, (CpuMicros() - before) / calls);
  }
  return best;
}

// A row as RL writes it: every metric that is declared for it.
StepRow WholeRow() {
  StepRow row{.stage = "rl", .step = 7, .time = WallSeconds()};
  double value = 0.1;
  for (const MetricGroup& group : MetricTable()) {
    for (const MetricSpec& spec : group.metrics) {
      if ((spec.places & kRlRow) == 0 || spec.name.find('<') != std::string_view::npos) continue;
      value *= 1.1;
      if (spec.kind == MetricKind::kHistogram) {
        row.distributions[std::string(spec.name)] = std::vector<double>(192, value);
      } else {
        row.values[std::string(spec.name)] = value;
      }
    }
  }
  return row;
}

double Print(const char* what, double micros) {
  std::printf("  %-58s %9.1f us\n", what, micros);
  return micros;
}

double PerStep(const std::string& folder) {
  const StepRow row = WholeRow();
  std::printf("once a step, at the orchestrator (a row of %zu numbers and %zu distributions)\n", row.values.size(),
              row.distributions.size());
  MetricsFile file(folder + "/metrics.jsonl", "rl", 0);
  TensorBoardSink board(folder + "/tb", 0, {});
  double sum = Print("metrics.jsonl", CostOf([&] { file.Write(row); }));
  sum += Print("TensorBoard", CostOf([&] { board.Write(row); }));
  MetricsEndpoint endpoint({.port = 39417, .labels = {{"run", "r"}}});
  if (endpoint.on()) sum += Print("Prometheus", CostOf([&] { endpoint.SetRow("main", row); }));
  sum += Print("memory, processor time, free disk", CostOf([&] {
                 ReadProcessStats();
                 FreeBytes(folder);
                 FreeBytes("/dev/shm");
               }));
  Telemetry telemetry(0);
  sum += Print("four phases of every process", CostOf([&] {
                 for (const char* phase : {"a", "b", "c", "d"}) telemetry.Enter(phase, 1);
               }));
  return sum;
}

double PerSecond(const std::string& folder, int peers) {
  std::printf("once a second, at the orchestrator of %d processes\n", peers + 1);
  ClusterMonitor monitor;
  MonitorOptions options;
  options.run_folder = folder;
  options.cluster_log_s = 1e-9;  // due at every call
  monitor.Open(options);
  TaskTable table(TaskRules{});
  ClockOffset clock;
  clock.Add(0, 0, 0, 0);
  Telemetry telemetry(1);
  std::string report;
  const auto make_report = [&] {
    for (int64_t step = 0; step < 20; ++step) telemetry.Enter(step % 2 == 0 ? "rollout" : "wait_task", step);
    report = telemetry.Report(clock).Encode();
  };
  const double one = CostOf(make_report);
  for (int i = 0; i < peers; ++i) {
    table.AddPeer(static_cast<PeerId>(i) + 1, Role::kRollout, 4, NowMillis());
    monitor.OnPeerJoined(static_cast<PeerId>(i) + 1, Role::kRollout, "n1");
  }
  double sum = Print("their reports with spans", CostOf([&] {
                       for (int i = 0; i < peers; ++i) monitor.OnReport(static_cast<PeerId>(i) + 1, Role::kRollout, report);
                     }));
  sum += Print("cluster.jsonl", CostOf([&] { monitor.Tick(table, 4); }));
  sum += Print("status.json", CostOf([&] { monitor.Finish("running", ""); }));
  std::printf("once a heartbeat, in every process\n");
  Print("a report of itself with 20 spans", one);
  return sum;
}

int Run() {
  const std::string folder = std::filesystem::temp_directory_path() / ("temper_monitor_bench_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const double step = PerStep(folder);
  const double small = PerSecond(folder, 5);
  const double large = PerSecond(folder, 64);
  std::filesystem::remove_all(folder);
  std::printf("of a step of 200 ms: %.3f %%; of a second, 6 processes: %.3f %%, 65 processes: %.3f %%\n", step / 2000, small / 1e4,
              large / 1e4);
  return 0;
}

}  // namespace
}  // namespace temper

int main() { return temper::Run(); }
