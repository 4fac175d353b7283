#pragma once

#include <string>
#include <utility>

#include "cluster/host/command_feed.h"
#include "cluster/metrics/metric_sink.h"

namespace temper {

// The rows of one arm or stage as lines of JSON for a command of the user's: {"run", "arm", "stage", "step", ...} (row_json.h). The feed is
// one for the whole job, borrowed.
class CommandSink : public MetricSink {
 public:
  CommandSink(CommandFeed* feed, std::string run, std::string arm) : feed_(feed), run_(std::move(run)), arm_(std::move(arm)) {}
  std::string Name() const override { return "monitor.command"; }
  std::string Write(const StepRow& row) override;

 private:
  CommandFeed* feed_;
  std::string run_;
  std::string arm_;
};

}  // namespace temper
