#include "orchestrator/audit_file.h"

#include <algorithm>

#include "cluster/error.h"
#include "cluster/monitor/metric_sink.h"
#include "orchestrator/run_folder.h"

namespace temper {
namespace {

int64_t NumLines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

AuditFile::AuditFile(std::string path, int64_t first_step) : path_(std::move(path)) {
  KeepRows(path_, [first_step](const std::string&, int64_t step) { return step < first_step; });
}

std::string AuditFile::Write(std::string lines) {
  if (waiting_.size() + lines.size() <= kMaxWaiting) {
    waiting_ += lines;
  } else {
    lost_ += NumLines(lines);
  }
  if (waiting_.empty()) return "";
  const std::string error = AppendToFile(path_, waiting_);
  if (error.empty()) {
    waiting_.clear();
    return "";
  }
  return Concat(error, " (", NumLines(waiting_), " rows wait for the next try, ", lost_, " are lost)");
}

}  // namespace temper
