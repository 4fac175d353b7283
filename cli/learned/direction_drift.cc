#include "cli/learned/direction_drift.h"

#include <algorithm>
#include <cstdio>
#include <span>

#include "cli/learned/direction_figures.h"
#include "cluster/base/error.h"
#include "evaluation/bootstrap.h"

namespace temper {
namespace {

// Mean score of the positive rows less that of the others; nothing where a class has no row.
std::optional<double> GapOf(const std::vector<ScoredLabel>& rows, std::span<const size_t> chosen) {
  double sums[2] = {0, 0}, counts[2] = {0, 0};
  for (const size_t i : chosen) {
    sums[rows[i].positive ? 1 : 0] += rows[i].score;
    counts[rows[i].positive ? 1 : 0] += 1;
  }
  if (counts[0] == 0 || counts[1] == 0) return std::nullopt;
  return sums[1] / counts[1] - sums[0] / counts[0];
}

double GapOf(const std::vector<ScoredLabel>& rows) {
  std::vector<size_t> all(rows.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return GapOf(rows, all).value_or(0);
}

Estimate ChangeOfGap(const std::vector<ScoredLabel>& first, const std::vector<ScoredLabel>& now) {
  TEMPER_CHECK(first.size() == now.size(), first.size(), " prompts and ", now.size());
  std::vector<ScoredLabel> change = now;
  std::vector<std::string> groups, strata;
  for (size_t i = 0; i < change.size(); ++i) {
    change[i].score -= first[i].score;
    groups.push_back(std::to_string(i));
    strata.emplace_back(change[i].positive ? "yes" : "no");
  }
  const FiguresOfRows figures = [&](std::span<const size_t> chosen) { return std::vector{GapOf(change, chosen)}; };
  return FiguresOverGroups(groups, figures, {}, strata).at(0);
}

}  // namespace

DriftPoint MeasureDrift(const std::string& model, const std::vector<JudgedPrompts>& first, const std::vector<JudgedPrompts>& now) {
  const std::vector<ScoredLabel> harm = now.at(0).OfMean(), refusal = now.at(1).OfMean();
  DriftPoint point{model, GapOf(harm), GapOf(refusal), AreaUnderRoc(harm).value_or(0), AreaUnderRoc(refusal).value_or(0), {}};
  if (&first != &now) point.refusal_change = ChangeOfGap(first.at(1).OfMean(), refusal);
  return point;
}

std::optional<std::string> DriftFinding(const DriftPoint& first, const DriftPoint& now, const DriftRule& rule) {
  const bool fell = now.refusal_change.present && now.refusal_change.high < 0 &&
                    first.refusal_gap - now.refusal_gap >= rule.fall * std::max(first.refusal_gap, 0.0);
  if (!fell || now.harm_auroc < first.harm_auroc - rule.seen_loss) return std::nullopt;
  char text[256];
  std::snprintf(text, sizeof text,
                "refusal falls while harm stays seen: the refusal gap went from %.4f to %.4f, harm's AUROC from %.3f to %.3f",
                first.refusal_gap, now.refusal_gap, first.harm_auroc, now.harm_auroc);
  return Concat(now.model, ": ", text);
}

}  // namespace temper
