#include "orchestrator/stages/stage_metrics.h"

#include <cmath>

#include "cluster/base/clock.h"
#include "cluster/metrics/command_sink.h"
#include "cluster/metrics/tensorboard_sink.h"
#include "record/metrics_file.h"

namespace temper {
namespace {

// What TensorBoard's HPARAMS tab shows beside the settings.
const std::vector<std::string> kHparamsMetrics = {"reward/mean", "reward/safety_mean", "reward/helpfulness_mean", "actor/loss", "actor/kl"};

// The settings somebody chose: defaults would bury them.
HparamsSession SettingsOf(const StageContext& context) {
  HparamsSession session;
  session.group = context.arm;
  session.metrics = kHparamsMetrics;
  for (const ResolvedValue& value : context.resolved->values) {
    if (value.source != "default") session.values[value.key] = value.value;
  }
  return session;
}

}  // namespace

JobMetrics::JobMetrics(const EndpointOptions& options, std::unique_ptr<CommandFeed> command_feed)
    : endpoint(options), command(std::move(command_feed)) {
  if (!endpoint.failure().empty()) failures.Report("Prometheus endpoint", endpoint.failure());
  endpoint.Set("perf/steps", 0);
  endpoint.Set("sys/sink_failures", static_cast<double>(failures.count()));
}

StageMetrics::StageMetrics(const StageContext& context, const std::string& stage, int64_t steps_done)
    : context_(context), stage_(stage), sinks_(&context.metrics->failures), cpu_s_(ReadProcessStats().cpu_s) {
  sinks_.Add(std::make_unique<MetricsFile>(stage == "eval" ? context.paths.EvalMetrics() : context.paths.Metrics(), stage, steps_done));
  if (context.config->monitor.tensorboard) {
    HparamsSession session;
    if (stage != "eval") session = SettingsOf(context);
    // Evaluations are points beside the curve of a stage: nothing is taken back for them.
    const int64_t done = stage == "eval" ? 0 : steps_done;
    sinks_.Add(std::make_unique<TensorBoardSink>(context.tensorboard_folder, done, std::move(session)));
  }
  if (context.metrics->endpoint.on()) sinks_.Add(std::make_unique<EndpointSink>(&context.metrics->endpoint, context.arm));
  if (context.metrics->command)
    sinks_.Add(std::make_unique<CommandSink>(context.metrics->command.get(), context.config->run.name, context.arm));
}

void StageMetrics::AddProcess(StepRow* row) {
  const ProcessStats stats = ReadProcessStats();
  row->values["sys/rss_bytes"] = stats.rss_bytes;
  row->values["sys/rss_peak_bytes"] = stats.rss_peak_bytes;
  const double seconds = row->values["timing_s/step"];
  if (seconds > 0) row->values["sys/cpu_cores"] = (stats.cpu_s - cpu_s_) / seconds;
  cpu_s_ = stats.cpu_s;
  const auto add_free = [&](const char* name, const std::string& folder) {
    if (const double bytes = FreeBytes(folder); std::isfinite(bytes)) row->values[name] = bytes;
  };
  add_free("sys/disk_free_bytes", context_.paths.folder());
  add_free("sys/weight_folder_free_bytes", context_.config->cluster.weight_folder);
}

void StageMetrics::Write(StepRow row) {
  row.stage = stage_;
  row.time = WallSeconds();
  if (stage_ != "eval") AddProcess(&row);
  context_.metrics->endpoint.Set("perf/steps", static_cast<double>(++context_.metrics->rows));
  context_.metrics->failures.SetElsewhere(context_.monitor->failed_writes());
  sinks_.Write(std::move(row));
}

}  // namespace temper
