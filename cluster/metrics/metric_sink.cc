#include "cluster/metrics/metric_sink.h"

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/metrics/metric_table.h"

namespace temper {

void SinkFailures::Report(const std::string& sink, const std::string& error, int64_t lost) {
  count_ += lost;
  const auto [missed, begins] = missed_.try_emplace(sink, 0);
  missed->second += lost;
  if (begins) TEMPER_LOG(Warn, sink, ": ", error, "; training goes on without it, sys/sink_failures counts what is lost");
}

void SinkFailures::Recovered(const std::string& sink) {
  const auto missed = missed_.extract(sink);
  if (missed.empty()) return;
  TEMPER_LOG(Info, sink, ": written again, ", missed.mapped() == 0 ? "nothing is" : Concat(missed.mapped(), " writes are"), " missing");
}

void MetricSinks::Write(StepRow row) {
  row.values["sys/sink_failures"] = static_cast<double>(failures_->count());
  for (const auto& [name, value] : row.values) RequireMetric(name);
  for (const auto& [name, values] : row.distributions) RequireMetric(name);
  for (const auto& sink : sinks_) {
    if (const std::string error = sink->Write(row); !error.empty()) {
      failures_->Report(sink->Name(), error);
    } else {
      failures_->Recovered(sink->Name());
    }
  }
}

}  // namespace temper
