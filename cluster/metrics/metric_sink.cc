#include "cluster/metrics/metric_sink.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/metrics/metric_table.h"

namespace temper {

double WallSeconds() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string UtcText(double wall_seconds) {
  const auto seconds = static_cast<std::time_t>(wall_seconds);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// Opened anew each time: a file whose folder was removed is noticed, one that was moved away is begun again. A pipe in the file's place
// that nobody reads is an error, not a wait.
std::string AppendToFile(const std::string& path, const std::string& bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd < 0) return std::strerror(errno);
  const off_t before = lseek(fd, 0, SEEK_END);
  const ssize_t written = write(fd, bytes.data(), bytes.size());
  std::string error;
  if (written < 0) error = std::strerror(errno);
  if (written >= 0 && static_cast<size_t>(written) < bytes.size()) error = "no space for the whole row";
  if (written > 0 && !error.empty() && ftruncate(fd, before) != 0) error += Concat(", and the torn row stays: ", std::strerror(errno));
  if (close(fd) != 0 && error.empty()) error = std::strerror(errno);
  return error;
}

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
