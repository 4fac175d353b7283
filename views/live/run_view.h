#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "record/job_status.h"
#include "record/process_rows.h"

namespace temper {

// A run as its folder shows it at one moment, for status and top. A part that cannot be read is absent, and why stands in `problems`: the
// files are read while they are written.
struct RunView {
  std::string folder;
  double now = 0;    // seconds since 1970
  std::string host;  // of who looks
  std::optional<JobStatus> status;
  JobLife life = JobLife::kUnknown;

  std::vector<ProcessRow> processes;                  // newest rows: orchestrator, learners, rollout, reward
  std::map<std::string, std::vector<double>> curves;  // of the arm in work: metric -> its last steps
  std::vector<std::string> problems;
};

RunView ReadRun(const std::string& run_folder);
// From what a running job answers (ClusterMonitor::Picture), `age_s` seconds ago. Times are then those of the job's host.
RunView ViewOfPicture(const std::string& picture, double age_s);

// What has become of the job and what to do about it, in a sentence or two.
std::string LifeSentence(const RunView& view);

}  // namespace temper
