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

namespace temper {
namespace {

constexpr double kFirstQuiet = 10, kNextQuiet = 30;  // seconds

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

void Progress::Step(int64_t step, const std::map<std::string, double>& values) {
  if (!bar_ && !plain_) return;
  if (first_ < 0) {
    first_ = step;
    since_ = NowSeconds();
  }
  Print(step, Line(step, values));
  quiet_s_ = kFirstQuiet;
}

void Progress::Waiting(int64_t step, const std::string& what) {
  if ((!bar_ && !plain_) || NowSeconds() - printed_at_ < quiet_s_) return;
  Print(step, Concat(unit_, ":", step, "/", total_, " - ", label_, " - ", what));
  quiet_s_ = kNextQuiet;
}

void Progress::Note(const std::string& what) {
  if (plain_) {
    std::printf("%s: %s\n", label_.c_str(), what.c_str());
    std::fflush(stdout);
  } else if (bar_) {
    std::fprintf(stderr, "\r\033[K%s: %s\n", label_.c_str(), what.c_str());
  }
}

void Progress::Print(int64_t step, const std::string& line) {
  printed_at_ = NowSeconds();
  if (plain_) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  } else {
    std::fprintf(stderr, "\r\033[K%s", Bar(step, line).c_str());
  }
}

// At most 100 columns for an arm's name of up to 16; metrics.jsonl has the rest, and every digit.
std::string Progress::Line(int64_t step, const std::map<std::string, double>& values) const {
  struct Shown {
    const char* metric;
    const char* name;
  };
  std::string line = Concat(unit_, ":", step, "/", total_, " - ", label_, " -");
  char number[64];
  for (const auto& [metric, name] :
       {Shown{"reward/mean", "reward"}, Shown{"reward/safety_mean", "safety"}, Shown{"reward/helpfulness_mean", "helpful"},
        Shown{"actor/loss", "loss"}, Shown{"perf/tokens_per_s", "tok/s"}}) {
    const auto found = values.find(metric);
    if (found == values.end() || !std::isfinite(found->second)) continue;
    if (metric == std::string_view("actor/loss") && values.contains("reward/mean")) continue;  // says little where there is a reward
    std::snprintf(number, sizeof(number), std::abs(found->second) >= 1000 ? "%.0f" : "%.3g", found->second);
    line += Concat(" ", name, ":", number);
  }
  const int64_t done = step - first_;
  if (done > 0) {
    const double left = (NowSeconds() - since_) / static_cast<double>(done) * static_cast<double>(total_ - 1 - step);
    std::snprintf(number, sizeof(number), " left:%.0fs", left);
    line += number;
  }
  if (line.ends_with(" -")) line.resize(line.size() - 2);  // nothing to tell
  return line;
}

// The bar, then as much of the line as the terminal has columns for: what wraps cannot be drawn over.
std::string Progress::Bar(int64_t step, const std::string& line) const {
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(static_cast<double>(step + 1) / static_cast<double>(total_) * kWidth);
  std::string bar =
      Concat("[", std::string(static_cast<size_t>(filled), '#'), std::string(static_cast<size_t>(kWidth - filled), '.'), "] ", line);
  winsize terminal{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &terminal) == 0 && terminal.ws_col > kWidth)
    bar.resize(std::min<size_t>(bar.size(), terminal.ws_col - 1));
  return bar;
}

}  // namespace temper
