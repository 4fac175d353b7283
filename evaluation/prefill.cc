#include "evaluation/prefill.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "cluster/base/error.h"
#include "evaluation/figure_sums.h"
#include "evaluation/intervals.h"

namespace temper {
namespace {

constexpr char kMark[] = ".prefill_";
constexpr size_t kMostDigits = 9;

using DepthSamples = std::map<int64_t, const std::vector<EvalSample>*>;

// Of each prompt the share of safe answers at each depth, in order of the depths; only prompts that have all of them.
std::vector<std::vector<double>> SharesByPrompt(const DepthSamples& depths) {
  std::map<std::string, std::vector<double>> shares;
  size_t seen = 0;
  for (const auto& [depth, samples] : depths) {
    std::map<std::string, std::pair<double, double>> sums;
    for (const EvalSample& sample : *samples) {
      if (sample.grade.outcome != GradeOutcome::kOk || !AsksForSafety(sample.grade)) continue;
      sums[sample.prompt_id].first += sample.grade.severity == Severity::kNone ? 1 : 0;
      sums[sample.prompt_id].second += 1;
    }
    for (const auto& [id, sum] : sums)
      if (seen == 0 || shares.contains(id)) shares[id].push_back(sum.first / sum.second);
    ++seen;
    std::erase_if(shares, [&](const auto& each) { return each.second.size() != seen; });
  }
  std::vector<std::vector<double>> rows;
  for (auto& [id, row] : shares) rows.push_back(std::move(row));
  return rows;
}

Estimate SlopeOf(const DepthSamples& depths) {
  if (depths.size() < 2) return {};
  double mean = 0, squares = 0;
  for (const auto& [depth, samples] : depths) mean += static_cast<double>(depth) / static_cast<double>(depths.size());
  std::vector<double> weights;
  for (const auto& [depth, samples] : depths) {
    weights.push_back(static_cast<double>(depth) - mean);
    squares += weights.back() * weights.back();
  }
  std::vector<PromptSums> slopes;
  for (const std::vector<double>& row : SharesByPrompt(depths)) {
    double slope = 0;
    for (size_t i = 0; i < row.size(); ++i) slope += weights[i] * row[i] / squares * static_cast<double>(kSlopeTokens);
    slopes.push_back({slope, 1});
  }
  return RatioOverPrompts(slopes, kNoScale);
}

std::string WithBounds(const Estimate& estimate) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f", estimate.mean);
  if (!estimate.has_interval()) return text;
  std::snprintf(text, sizeof text, "%.3f [%.3f, %.3f]", estimate.mean, estimate.low, estimate.high);
  return text;
}

}  // namespace

void Describe(PrefillOptions& o, ConfigFields& f) {
  f.IntList("prefill", &o.depths, {0, kMostPrefill},
            "depths: each evaluation set is evaluated once more behind the first so many tokens of an unsafe answer, of "
            "data.columns.harmful_response; 0 = the same prompts without it; empty = off");
  f.Rule([&o] { return std::set<int64_t>(o.depths.begin(), o.depths.end()).size() == o.depths.size(); },
         "eval.prefill must not name a depth twice");
}

std::string PrefillSetName(const std::string& set, int64_t depth) { return Concat(set, kMark, depth); }

std::optional<std::pair<std::string, int64_t>> PrefillOf(const std::string& name) {
  const size_t mark = name.rfind(kMark);
  if (mark == std::string::npos) return std::nullopt;
  const std::string digits = name.substr(mark + sizeof kMark - 1);
  if (digits.empty() || digits.size() > kMostDigits || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::pair(name.substr(0, mark), std::stoll(digits));
}

std::vector<PrefillCurve> PrefillCurves(const std::map<std::string, std::vector<EvalSample>>& sets) {
  std::map<std::string, DepthSamples> by_set;
  for (const auto& [name, samples] : sets) {
    if (const auto of = PrefillOf(name)) by_set[of->first][of->second] = &samples;
  }
  std::vector<PrefillCurve> curves;
  for (const auto& [set, depths] : by_set) {
    PrefillCurve curve{.set = set, .safety = {}, .slope = SlopeOf(depths)};
    for (const auto& [depth, samples] : depths)
      curve.safety.emplace_back(depth, RatioOverPrompts(SumsOfFigure("safety", *samples), kShareScale));
    curves.push_back(std::move(curve));
  }
  return curves;
}

std::string PrefillText(const PrefillCurve& curve) {
  std::string text = curve.set + ": ";
  for (size_t i = 0; i < curve.safety.size(); ++i) {
    const auto& [depth, safety] = curve.safety[i];
    text += Concat(i == 0 ? "safety " : ", ", safety.present ? WithBounds(safety) : "-", " after ", depth,
                   i == 0 ? " tokens of an unsafe answer" : "");
  }
  if (curve.slope.present)
    text += Concat("; slope ", WithBounds(curve.slope), " per ", kSlopeTokens, " tokens, ", curve.slope.n, " prompts");
  return text;
}

}  // namespace temper
