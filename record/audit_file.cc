#include "record/audit_file.h"

#include <algorithm>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "cluster/metrics/metric_sink.h"
#include "record/metrics_file.h"

namespace temper {
namespace {

int64_t NumLines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

AuditFile::AuditFile(std::string path, int64_t first_step, SinkFailures* failures) : path_(std::move(path)), failures_(failures) {
  KeepRows(path_, [first_step](const std::string&, int64_t step) { return step < first_step; });
  chain_ = AuditChain(LastLinkOf(path_));
}

void AuditFile::Write(const std::string& text) {
  std::string lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines += chain_.Append(std::string_view(text).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  const bool room = waiting_.empty() || waiting_.size() + lines.size() <= kMaxWaiting;
  if (room) {
    waiting_ += lines;
  } else {
    lost_ += NumLines(lines);
  }
  if (waiting_.empty()) return;
  if (const std::string error = AppendToFile(path_, waiting_); !error.empty())
    return failures_->Report(path_, error + " (its rows wait in memory)", room ? 0 : 1);
  waiting_.clear();
  failures_->Recovered(path_);
}

void AuditFile::Finish() noexcept {
  try {
    std::string why = "they were more than can wait in memory";
    if (!waiting_.empty()) {
      if (const std::string error = AppendToFile(path_, waiting_); !error.empty()) {
        lost_ += NumLines(waiting_);
        why = error;
        failures_->Report(path_, error);
      } else {
        failures_->Recovered(path_);
      }
      waiting_.clear();
    }
    if (lost_ == 0 || std::exchange(told_, true)) return;
    TEMPER_LOG(Error, path_, " is not complete: ", lost_, " rows are lost (", why,
               "); the policy is as it would be with them. Free some space there; for the rows, move the trained weights/ away and "
               "resume from a checkpoint before their steps (--resume FOLDER)");
  } catch (...) {  // memory is short as well: nobody is left to tell
  }
}

}  // namespace temper
