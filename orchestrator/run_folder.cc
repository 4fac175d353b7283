#include "orchestrator/run_folder.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/clock.h"
#include "cluster/error.h"
#include "orchestrator/checkpoint.h"

namespace temper {
namespace {

using nlohmann::ordered_json;

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

double ValueOr(const std::map<std::string, double>& values, const std::string& name, double missing) {
  const auto found = values.find(name);
  return found == values.end() ? missing : found->second;
}

}  // namespace

void KeepRows(const std::string& path, const std::function<bool(const nlohmann::json&)>& keep) {
  std::string kept;
  std::ifstream old(path);
  for (std::string line; std::getline(old, line);) {
    const auto row = nlohmann::json::parse(line, nullptr, false);
    if (row.is_object() && keep(row)) kept += line + "\n";
  }
  WriteFileAtomically(path, kept);
}

MetricsFile::MetricsFile(const std::string& path, const std::string& stage, int64_t first_step) : path_(path), stage_(stage) {
  KeepRows(path, [&](const nlohmann::json& row) { return row.value("stage", "") != stage || row.value("step", int64_t{0}) < first_step; });
  fd_ = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  TEMPER_CHECK(fd_ >= 0, "cannot open ", path, ": ", std::strerror(errno));
}

MetricsFile::~MetricsFile() {
  if (fd_ >= 0) close(fd_);
}

void MetricsFile::Write(int64_t step, const std::map<std::string, double>& values) {
  ordered_json row;
  row["stage"] = stage_;
  row["step"] = step;
  row["time"] = UtcNow();
  ordered_json nonfinite = ordered_json::array();
  for (const auto& [name, value] : values) {
    if (std::isfinite(value)) {
      row[name] = value;
    } else {
      row[name] = nullptr;
      nonfinite.push_back(name);
    }
  }
  if (!nonfinite.empty()) row["nonfinite"] = nonfinite;
  const std::string line = row.dump() + "\n";
  TEMPER_CHECK(write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size()), "writing ", path_, ": ", std::strerror(errno));
}

Progress::Progress(const std::string& mode, const std::string& label, int64_t total_steps) : label_(label), total_(total_steps) {
  const bool launched = std::getenv("OMPI_COMM_WORLD_RANK") != nullptr || std::getenv("SLURM_PROCID") != nullptr;
  bar_ = mode == "bar" || (mode == "auto" && isatty(2) == 1 && !launched);
  plain_ = mode == "plain" || (mode == "auto" && !bar_);
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
  const double elapsed = NowSeconds() - since_;
  const int64_t done = step - first_;
  const double left = done > 0 ? elapsed / static_cast<double>(done) * static_cast<double>(total_ - 1 - step) : 0;
  std::string line = Concat("step:", step, "/", total_, " - ", label_);
  char number[64];
  for (const auto& [name, shown] : {std::pair{"reward/mean", "reward/mean"},
                                    {"reward/safety_mean", "reward/safety_mean"},
                                    {"reward/helpfulness_mean", "reward/helpfulness_mean"},
                                    {"reward/frac_dead_groups", "reward/frac_dead_groups"},
                                    {"actor/loss", "actor/loss"},
                                    {"actor/kl", "actor/kl"},
                                    {"actor/entropy", "actor/entropy"},
                                    {"actor/grad_norm", "actor/grad_norm"},
                                    {"timing_s/step", "timing_s/step"},
                                    {"perf/tokens_per_s", "perf/tokens_per_s"}}) {
    const double value = ValueOr(values, name, NAN);
    if (std::isnan(value)) continue;
    std::snprintf(number, sizeof(number), std::abs(value) >= 1000 ? "%.0f" : "%.4g", value);
    line += Concat(" - ", shown, ":", number);
  }
  if (done > 0) {
    std::snprintf(number, sizeof(number), "%.0fs", left);
    line += Concat(" - left:", number);
  }
  if (plain_) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    return;
  }
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(static_cast<double>(step + 1) / static_cast<double>(total_) * kWidth);
  std::fprintf(stderr, "\r\033[K[%.*s%.*s] %s", filled, "########################", kWidth - filled, "........................",
               line.c_str());
}

}  // namespace temper
