#include "cluster/metrics/tensorboard_sink.h"

#include <filesystem>

#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/host/host_name.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// events.out.tfevents.<s since 1970>.<host>.<pid>.<n>: TensorBoard reads the files of a folder in the order of their names.
std::string FileName(double wall_seconds) {
  static int count = 0;
  return Concat("events.out.tfevents.", static_cast<int64_t>(wall_seconds), ".", LocalHostName(), ".", getpid(), ".", count++);
}

}  // namespace

TensorBoardSink::TensorBoardSink(std::string folder, int64_t steps_done, HparamsSession session)
    : folder_(std::move(folder)), since_(WallSeconds()), steps_done_(steps_done), session_(std::move(session)) {
  path_ = folder_ + "/" + FileName(since_);
}

std::string TensorBoardSink::Head() const {
  std::string bytes = TfRecord(FileVersionEvent(since_));
  if (steps_done_ > 0) bytes += TfRecord(RestartEvent(since_, steps_done_ + 1));
  if (session_.values.empty()) return bytes;
  return bytes + TfRecord(HparamsExperimentEvent(since_, session_)) + TfRecord(HparamsStartEvent(since_, session_));
}

std::string TensorBoardSink::Write(const StepRow& row) {
  std::error_code failed;
  std::string bytes;
  if (!fs::exists(path_, failed)) {  // the first row, or somebody removed the file
    fs::create_directories(folder_, failed);
    if (failed) return failed.message();
    bytes = Head();
  }
  SummaryEvent event(row.time, row.step);
  for (const auto& [name, value] : row.values) event.Scalar(name, value);
  for (const auto& [name, values] : row.distributions) event.Histogram(name, values);
  for (const auto& [name, markdown] : row.texts) event.Text(name, markdown);
  return AppendToFile(path_, bytes + TfRecord(event.Encode()));
}

}  // namespace temper
