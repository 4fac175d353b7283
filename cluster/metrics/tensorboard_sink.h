#pragma once

#include <string>
#include <vector>

#include "cluster/metrics/event_encoding.h"
#include "cluster/metrics/metric_sink.h"

namespace temper {

// Event files for TensorBoard: one file for each start of a stage, in the stage's folder. Scalars, distributions as histograms, texts, and
// at the begin the settings as hparams. A stage that is resumed makes TensorBoard forget the steps that are done again.
class TensorBoardSink : public MetricSink {
 public:
  // folder: e.g. <run>/tb/<arm>, made when absent; steps_done: of the stage, where it goes on; 0 = it begins.
  TensorBoardSink(std::string folder, int64_t steps_done, HparamsSession session);
  std::string Name() const override { return path_; }
  std::string Write(const StepRow& row) override;

 private:
  std::string Head() const;  // the records before the first row

  std::string folder_;
  std::string path_;
  double since_;
  int64_t steps_done_;
  HparamsSession session_;
};

}  // namespace temper
