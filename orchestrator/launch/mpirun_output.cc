#include "orchestrator/launch/mpirun_output.h"

#include <algorithm>
#include <array>
#include <utility>

namespace temper {
namespace {

constexpr size_t kMaxBoxBytes = 4096;

// A rule is 74 dashes.
bool IsRule(std::string_view line) { return line.size() == 75 && line.substr(0, 74).find_first_not_of('-') == std::string_view::npos; }

constexpr std::array<std::string_view, 3> kEndOfJob = {
    "Primary job  terminated normally, but ",
    "mpirun detected that one or more processes exited with non-zero status",
    "MPI_ABORT was invoked on rank ",
};
constexpr std::string_view kSignal = "mpirun noticed that process rank ";

// What remains of a complete box.
std::string Shortened(std::string box) {
  const size_t text = box.find('\n') + 1;
  const std::string_view words = std::string_view(box).substr(text);
  if (std::any_of(kEndOfJob.begin(), kEndOfJob.end(), [&](std::string_view begin) { return words.starts_with(begin); })) return "";
  if (words.starts_with(kSignal)) return box.substr(text, box.find('\n', text) + 1 - text);
  return box;
}

// What mpirun says beside the boxes: that one was wanted of several ranks or could not be shown, and that it passed a signal on.
bool SaysNothing(std::string_view line) {
  return line.starts_with("mpirun: Forwarding signal ") ||
         line.find("sent help message help-mpi-api.txt / mpi-abort") != std::string_view::npos ||
         line.find("Set MCA parameter \"orte_base_help_aggregate\" to 0") != std::string_view::npos ||
         (line.find("ORTE_ERROR_LOG") != std::string_view::npos && line.find("show_help.c") != std::string_view::npos);
}

}  // namespace

std::string MpirunOutput::EndLine() {
  const std::string line = std::exchange(line_, "");
  if (box_.empty()) {
    if (IsRule(line)) {
      box_ = line;
      return "";
    }
    return SaysNothing(line) ? "" : line;
  }
  box_ += line;
  if (IsRule(line)) return Shortened(std::exchange(box_, ""));
  return box_.size() > kMaxBoxBytes ? std::exchange(box_, "") : "";
}

std::string MpirunOutput::Feed(std::string_view bytes) {
  std::string shown;
  for (const char c : bytes) {
    // Only lines of mpirun begin like this; any other is shown as it comes.
    if (box_.empty() && line_.empty() && c != '-' && c != '[' && c != 'm' && !passing_) passing_ = true;
    if (passing_) {
      shown += c;
      passing_ = c != '\n';
      continue;
    }
    line_ += c;
    if (c == '\n') shown += EndLine();
  }
  return shown;
}

std::string MpirunOutput::Finish() {
  passing_ = false;
  return std::exchange(box_, "") + std::exchange(line_, "");
}

}  // namespace temper
