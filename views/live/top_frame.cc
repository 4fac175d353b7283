#include "views/live/top_frame.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cluster/base/error.h"
#include "cluster/base/role.h"
#include "views/live/terminal_text.h"

namespace temper {
namespace {

enum class Tone { kPlain, kTitle, kGood, kBad, kDim };

const char* CodeOf(Tone tone) {
  switch (tone) {
    case Tone::kTitle:
      return "\033[1m";
    case Tone::kGood:
      return "\033[32m";
    case Tone::kBad:
      return "\033[31;1m";
    case Tone::kDim:
      return "\033[2m";
    case Tone::kPlain:
      break;
  }
  return "";
}

std::string Number(double value) {
  char text[32];
  const double size = std::abs(value);
  std::snprintf(text, sizeof(text), size >= 1000 ? "%.0f" : size >= 10 ? "%.1f" : "%.3g", value);
  return text;
}

std::string Duration(double seconds) {
  const auto s = static_cast<int64_t>(std::max(0.0, seconds));
  if (s < 60) return Concat(s, " s");
  if (s < 3600) return Concat(s / 60, " min ", s % 60, " s");
  return Concat(s / 3600, " h ", s / 60 % 60, " min");
}

class Picture {
 public:
  explicit Picture(const TopStyle& style) : style_(style) {}

  void Add(const std::string& text, Tone tone = Tone::kPlain) {
    const std::string fitted = Fit(SafeText(text, false), style_.width, false);
    const bool colored = style_.color && tone != Tone::kPlain;
    lines_.push_back(colored ? CodeOf(tone) + fitted + "\033[0m" : fitted);
  }
  // Shortened at a word where there is no room for all of it.
  void AddSentence(const std::string& text, Tone tone) { Add(FitWords(SafeText(text, false), style_.width, style_.unicode), tone); }
  size_t left() const { return style_.height > lines_.size() ? style_.height - lines_.size() : 0; }
  std::vector<std::string> Take() {
    lines_.resize(std::min(lines_.size(), style_.height));
    return std::move(lines_);
  }

 private:
  const TopStyle& style_;
  std::vector<std::string> lines_;
};

std::string Bar(double share, size_t width) {
  const auto filled = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
  return "[" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
}

std::string Last(const JobStatus& s, const char* name) {
  const auto found = s.last.find(name);
  return found == s.last.end() ? "-" : Number(found->second);
}

int64_t Count(const std::map<std::string, int64_t>& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

void AddHead(const RunView& view, const std::string& title, Picture* out) {
  const JobStatus& s = *view.status;
  out->Add(Concat(title, " - ", s.run, " on ", s.host, ", attempt ", s.attempt, ", up ",
                  Duration((IsThere(view.life) ? view.now : s.updated) - s.started), ", written ",
                  Number(std::max(0.0, view.now - s.updated)), " s ago"),
           Tone::kTitle);
  const bool good = view.life == JobLife::kAlive || s.state == "done";
  out->Add(IsThere(view.life) ? Concat(s.state, "; ", LifeSentence(view)) : LifeSentence(view), good ? Tone::kGood : Tone::kBad);
  std::string line = Concat("stage ", s.stage.empty() ? "-" : s.stage, s.arm.empty() ? "" : ", arm " + s.arm);
  if (s.steps > 0) line += Concat(", step ", s.step, "/", s.steps, " ", Bar(s.percent() / 100, 20), " ", std::lround(s.percent()), " %");
  if (s.eta_s >= 0 && view.life == JobLife::kAlive) line += ", left " + Duration(s.eta_s);
  if (s.job_eta_s >= 0 && view.life == JobLife::kAlive)
    line += Concat(s.eta_s >= 0 ? ", of the job " : ", left of the job ", Duration(s.job_eta_s));
  out->Add(line);
  if (!s.graded_by.empty()) out->AddSentence(s.graded_by, Tone::kDim);
  if (!IsThere(view.life)) {  // what went on then goes on no more
    return out->Add(Concat("policy v", s.policy_version, "  workers lost ", Count(s.workers, "lost")));
  }
  out->Add(Concat("tokens/s ", Last(s, "tokens_per_s"), "  samples/s ", Last(s, "samples_per_s"), "  step ", Last(s, "step_s"),
                  " s  staleness mean ", Last(s, "staleness_mean"), " max ", Last(s, "staleness_max"), "  policy v", s.policy_version));
  out->Add(Concat("queues  rollout ", Count(s.queues, ToString(Role::kRollout)), "  reward ", Count(s.queues, ToString(Role::kReward)),
                  "  leased ", Count(s.queues, "leased"), "  groups in flight ", Count(s.queues, "groups_in_flight"),
                  "   workers  learner ", Count(s.workers, ToString(Role::kLearner)), "  rollout ",
                  Count(s.workers, ToString(Role::kRollout)), "  reward ", Count(s.workers, ToString(Role::kReward)), "  lost ",
                  Count(s.workers, "lost")));
}

void AddCurves(const RunView& view, const TopStyle& style, Picture* out) {
  struct Curve {
    const char* metric;
    const char* name;
  };
  for (const auto& [metric, name] : {Curve{"reward/mean", "reward"}, Curve{"reward/safety_mean", "s"},
                                     Curve{"reward/helpfulness_mean", "h"}, Curve{"actor/loss", "loss"}}) {
    const auto found = view.curves.find(metric);
    if (found == view.curves.end() || found->second.empty()) continue;
    if (metric == std::string_view("actor/loss") && view.curves.contains("reward/mean")) continue;  // says little beside a reward
    char head[40];
    std::snprintf(head, sizeof(head), "%-8s %8s  ", name, Number(found->second.back()).c_str());
    out->Add(head + Sparkline(found->second, style.width - 20, style.unicode));
  }
}

void AddProcesses(const RunView& view, size_t room, Picture* out) {
  if (!IsThere(view.life) || view.processes.empty() || room < 2) return;
  char line[256];
  std::snprintf(line, sizeof(line), "%-12s %4s %-8s %-13s %4s %3s %7s %4s %6s %4s %4s", "ROLE", "RANK", "HOST", "STATE", "STEP", "HAS",
                "UNITS/S", "CPU%", "RSS", "GPU%", "AGE");
  out->Add(line, Tone::kTitle);
  const size_t shown = std::min(view.processes.size(), view.processes.size() > room - 1 ? room - 2 : room - 1);
  for (size_t i = 0; i < shown; ++i) {
    const ProcessRow& p = view.processes[i];
    const auto cell = [](double value, const char* format) {
      char text[32];
      std::snprintf(text, sizeof(text), format, value);
      return std::string(text);
    };
    const std::string role = Fit(SafeText(p.role, false), 12, true);
    const std::string host = Fit(SafeText(p.host, false), 8, true);
    const std::string state = Fit(SafeText(p.state, false), 13, true);
    std::snprintf(line, sizeof(line), " %4s %3lld %7s %4.0f %5lldM %4s %4s", p.step >= 0 ? Concat(p.step).c_str() : "-",
                  static_cast<long long>(p.tasks ? p.tasks->leases : 0), Number(p.units_per_s).c_str(), p.cpu_percent,
                  static_cast<long long>(p.rss_mib), p.gpu_percent() >= 0 ? cell(p.gpu_percent(), "%.0f").c_str() : "-",
                  p.role == NameOf(Role::kOrchestrator) ? "-" : cell(p.tasks ? p.tasks->heartbeat_age_s : 0, "%.0fs").c_str());
    char rank[16];
    std::snprintf(rank, sizeof(rank), "%4s", p.rank >= 0 ? Concat(p.rank).c_str() : "-");
    out->Add(role + " " + rank + " " + host + " " + state + line, p.state.starts_with("wait_") ? Tone::kDim : Tone::kPlain);
  }
  if (shown < view.processes.size()) out->Add(Concat("... and ", view.processes.size() - shown, " more: a higher terminal shows them"));
}

}  // namespace

std::vector<std::string> RenderTop(const RunView& view, const TopStyle& style) {
  Picture out(style);
  if (!view.status) {
    out.Add(style.title + " - " + view.folder, Tone::kTitle);
    for (const std::string& problem : view.problems) out.Add(problem, Tone::kBad);
    return out.Take();
  }
  AddHead(view, style.title, &out);
  for (const std::string& problem : view.problems) out.Add(problem, Tone::kBad);
  AddCurves(view, style, &out);
  const size_t warnings = std::min<size_t>(view.status->warnings.size(), 3);
  AddProcesses(view, out.left() > warnings ? out.left() - warnings : 0, &out);
  const auto& all = view.status->warnings;
  for (size_t i = all.size() - warnings; i < all.size(); ++i) out.Add("WARN " + all[i], Tone::kBad);
  return out.Take();
}

}  // namespace temper
