#include "cluster/host/hang_watch.h"

#include "cluster/base/error.h"
#include "cluster/base/file.h"

namespace temper {
namespace {

constexpr int64_t kAwayMs = 1000;  // without a look: the watcher was stopped as well
constexpr uint64_t kMaxProcBytes = 4096;

std::string ProcText(pid_t pid, const char* file) {
  std::string reason;
  return TryReadFile(Concat("/proc/", pid, "/", file), kMaxProcBytes, &reason).value_or("");
}

// What the kernel makes it wait in; the program's own work where it is not known.
std::string WaitsIn(pid_t pid) {
  const std::string where = ProcText(pid, "wchan");
  return where.empty() || where == "0" ? "" : ", waits in " + where;
}

std::string Seconds(int64_t ms) { return Concat(ms / 1000, ".", ms / 100 % 10, " s"); }

}  // namespace

char StateOfProcess(pid_t pid) {
  const std::string stat = ProcText(pid, "stat");
  const size_t name_end = stat.rfind(") ");  // the name may hold anything
  return name_end == std::string::npos || name_end + 2 >= stat.size() ? '?' : stat[name_end + 2];
}

void HangWatch::Begin(int64_t now_ms) {
  value_ = 0;
  since_ms_ = looked_ms_ = now_ms;
}

std::string HangWatch::Look(pid_t worker, int64_t now_ms) {
  if (now_ms - looked_ms_ > kAwayMs) since_ms_ += now_ms - looked_ms_;
  looked_ms_ = now_ms;
  const uint64_t value = pulse_->value();
  if (value != value_ || value == 0) {
    value_ = value;
    since_ms_ = now_ms;
    return "";
  }
  const int64_t silent = now_ms - since_ms_;
  const bool hangs = rules_.silent_ms > 0 && silent >= rules_.silent_ms;
  if (!hangs && (rules_.stopped_ms == 0 || silent < rules_.stopped_ms)) return "";
  const char state = StateOfProcess(worker);
  if (state == 'T') return Concat("has been stopped for ", Seconds(silent), " (kill -STOP)");
  if (!hangs) return "";
  return Concat("hangs: no sign of life for ", Seconds(silent), " (state ", std::string(1, state), WaitsIn(worker), ")");
}

}  // namespace temper
