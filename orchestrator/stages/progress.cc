#include "orchestrator/stages/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/printable.h"

namespace temper {
namespace {

constexpr double kFirstQuiet = 10, kNextQuiet = 30;  // seconds

// Short: "95s", "12m", "3h".
std::string ShortTime(double seconds) {
  char text[32];
  const bool minutes = seconds >= 100, hours = seconds >= 6000;
  std::snprintf(text, sizeof(text), "%.0f%s", hours ? seconds / 3600 : minutes ? seconds / 60 : seconds, hours ? "h" : minutes ? "m" : "s");
  return text;
}

// Three digits, or the whole number up to 99999, from there thousands.
std::string ShortNumber(double value) {
  char text[32];
  const double size = std::abs(value);
  std::snprintf(text, sizeof(text), size >= 99999.5 ? "%.0fk" : size >= 1000 ? "%.0f" : "%.3g", size >= 99999.5 ? value / 1000 : value);
  return text;
}

}  // namespace

Progress::Progress(ProgressStyle style, const std::string& label, int64_t total_steps, const char* unit)
    : label_(label), unit_(unit), total_(total_steps), printed_at_(NowSeconds()), quiet_s_(kFirstQuiet) {
  const bool launched = std::getenv("OMPI_COMM_WORLD_RANK") != nullptr || std::getenv("SLURM_PROCID") != nullptr;
  bar_ = style == ProgressStyle::kBar || (style == ProgressStyle::kAuto && isatty(2) == 1 && !launched);
  plain_ = style == ProgressStyle::kPlain || (style == ProgressStyle::kAuto && !bar_);
}

Progress::~Progress() {
  if (bar_ && first_ >= 0) std::fputc('\n', stderr);
}

void Progress::Step(int64_t done, const std::map<std::string, double>& values, double job_left_s) {
  if (!bar_ && !plain_) return;
  if (first_ < 0) {
    first_ = done;
    since_ = NowSeconds();
  }
  Print(done, Line(done, values, job_left_s));
  quiet_s_ = kFirstQuiet;
}

void Progress::Waiting(int64_t done, const std::string& what) {
  if ((!bar_ && !plain_) || NowSeconds() - printed_at_ < quiet_s_) return;
  Print(done, Concat(unit_, ":", done, "/", total_, " - ", label_, " - ", what));
  quiet_s_ = kNextQuiet;
}

void Progress::Note(const std::string& what) {
  if (plain_) {
    std::printf("%s: %s\n", label_.c_str(), PrintableText(what).c_str());
    std::fflush(stdout);
  } else if (bar_) {
    std::fprintf(stderr, "\r\033[K%s: %s\n", label_.c_str(), PrintableText(what).c_str());
  }
}

void Progress::Print(int64_t done, const std::string& line) {
  printed_at_ = NowSeconds();
  if (plain_) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  } else {
    std::fprintf(stderr, "\r\033[K%s", Bar(done, line).c_str());
  }
}

// At most 100 columns for an arm's name of up to 16; metrics.jsonl has the rest, and every digit.
std::string Progress::Line(int64_t done, const std::map<std::string, double>& values, double job_left_s) const {
  struct Shown {
    const char* metric;
    const char* name;
  };
  std::string line = Concat(unit_, ":", done, "/", total_, " - ", label_, " -");
  for (const auto& [metric, name] :
       {Shown{"reward/mean", "reward"}, Shown{"reward/safety_mean", "s"}, Shown{"reward/helpfulness_mean", "h"},
        Shown{"actor/loss", "loss"}, Shown{"perf/tokens_per_s", "tok/s"}}) {
    const auto found = values.find(metric);
    if (found == values.end() || !std::isfinite(found->second)) continue;
    if (metric == std::string_view("actor/loss") && values.contains("reward/mean")) continue;  // says little where there is a reward
    line += Concat(" ", name, ":", ShortNumber(found->second));
  }
  if (done > first_) {
    const double left = (NowSeconds() - since_) / static_cast<double>(done - first_) * static_cast<double>(total_ - done);
    line += " left:" + ShortTime(left);
    if (job_left_s >= 0) line += "/" + ShortTime(job_left_s);
  }
  if (line.ends_with(" -")) line.resize(line.size() - 2);  // nothing to tell
  return line;
}

// The bar, then as much of the line as the terminal has columns for: what wraps cannot be drawn over.
std::string Progress::Bar(int64_t done, const std::string& line) const {
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(static_cast<double>(done) / static_cast<double>(total_) * kWidth);
  std::string bar =
      Concat("[", std::string(static_cast<size_t>(filled), '#'), std::string(static_cast<size_t>(kWidth - filled), '.'), "] ", line);
  winsize terminal{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &terminal) == 0 && terminal.ws_col > kWidth)
    bar.resize(std::min<size_t>(bar.size(), terminal.ws_col - 1));
  return bar;
}

}  // namespace temper
