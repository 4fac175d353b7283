#include "record/audit_file.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "cluster/base/odd_file.h"
#include "cluster/metrics/metric_sink.h"
#include "record/audit_reader.h"
#include "record/metrics_file.h"

namespace temper {
namespace {

int64_t NumLines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

void CheckAudit(const std::string& path, const AuditMark& mark) {
  if (mark.rows == 0) return;
  RefuseOddFile(path, "put the audit trail back as it was, or move this away to go on without its rows");
  if (!std::filesystem::exists(path)) {
    TEMPER_LOG(Warn, path, " is not there: the audit trail begins where the run goes on");
    return;
  }
  const AuditReading there = ReadAudit(
      path, [](const AuditRow&) {}, mark.rows);
  if (there.rows == mark.rows && there.num_problems == mark.breaks && there.link == mark.link) return;
  const std::string what = there.rows < mark.rows ? Concat("has ", there.rows, " rows; ", mark.rows,
                                                           " were written, or waited for room on the disk, at the checkpoint")
                                                  : "was changed since the checkpoint";
  throw ConfigError(
      Concat(path, ": ", what, " that the run goes on from, so the trail would not hold all that was trained on; put the file back ",
             "as it was, go on from an earlier checkpoint (--resume FOLDER), or move the file away to go on without these rows"));
}

AuditFile::AuditFile(std::string path, int64_t steps_done, SinkFailures* failures) : path_(std::move(path)), failures_(failures) {
  KeepRows(path_, [steps_done](const std::string&, int64_t step) { return step <= steps_done; });
  const AuditReading there = ReadAudit(path_, [](const AuditRow&) {});
  mark_ = {there.rows, there.num_problems, there.link};
  chain_ = AuditChain(there.link);
}

void AuditFile::Write(const std::string& text) {
  std::string lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines += chain_.Append(std::string_view(text).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  const bool room = waiting_.empty() || waiting_.size() + lines.size() <= kMaxWaiting;
  if (!room) {
    lost_ += NumLines(lines);
    gap_ = true;
  } else if (!lines.empty()) {
    waiting_ += lines;
    mark_ = {mark_.rows + NumLines(lines), mark_.breaks + (std::exchange(gap_, false) ? 1 : 0), chain_.link()};
  }
  if (const std::string error = WriteWaiting(); !error.empty())
    failures_->Report(path_, error + " (its rows wait in memory)", room ? 0 : 1);
}

// Returns why it cannot be done, "" = nothing waits any more.
std::string AuditFile::WriteWaiting() {
  if (waiting_.empty()) return "";
  std::string error = AppendToFile(path_, waiting_);
  if (!error.empty()) return error;
  waiting_.clear();
  failures_->Recovered(path_);
  return "";
}

AuditMark AuditFile::Mark() {
  if (const std::string error = WriteWaiting(); !error.empty()) failures_->Report(path_, error + " (its rows wait in memory)", 0);
  if (std::filesystem::is_regular_file(path_)) FlushToDisk(path_);
  return mark_;
}

void AuditFile::Finish() noexcept {
  try {
    std::string why = "they were more than can wait in memory";
    if (const std::string error = WriteWaiting(); !error.empty()) {
      lost_ += NumLines(waiting_);
      waiting_.clear();
      why = error;
      failures_->Report(path_, error);
    }
    if (lost_ == 0 || std::exchange(told_, true)) return;
    TEMPER_LOG(Error, path_, " is not complete: ", lost_, " rows are lost (", why,
               "); the policy is as it would be with them. Free some space there; for the rows, move the trained weights/ away and "
               "resume from a checkpoint before their steps (--resume FOLDER)");
  } catch (...) {  // memory is short as well: nobody is left to tell
  }
}

}  // namespace temper
