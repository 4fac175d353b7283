#include "cli/graders/distill_selection.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "evaluation/intervals.h"

namespace temper {
namespace {

constexpr char kFailed[] = "grade failed", kOffTopicAnswer[] = "off topic", kBelow[] = "reward too low",
               kNotBetter[] = "no better than its draft", kNotBest[] = "not the best of its prompt";

// Why a candidate cannot be kept, "" where it can.
std::string ProblemOf(const std::vector<DistillCandidate>& candidates, const DistillCandidate& candidate, const DistillOptions& options) {
  if (!candidate.dropped.empty()) return candidate.dropped;
  const double reward = candidate.Worst();
  if (std::isnan(reward)) return kFailed;
  if (candidate.row.grade.mode == ResponseMode::kOffTopic) return kOffTopicAnswer;
  if (candidate.draft >= 0) {
    const double before = candidates.at(static_cast<size_t>(candidate.draft)).Worst();
    if (!(reward >= before + options.margin)) return kNotBetter;  // also where the draft has none
  }
  return reward >= options.min_reward ? "" : kBelow;
}

void Add(double value, PromptSums* sums) {
  sums->numerator += value;
  sums->denominator += 1;
}

Estimate MeanOver(const std::map<std::string, PromptSums>& by_prompt) {
  std::vector<PromptSums> sums;
  for (const auto& [id, each] : by_prompt) sums.push_back(each);
  return RatioOverPrompts(sums, kNoScale);
}

}  // namespace

double DistillCandidate::Worst() const {
  double worst = std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 0; i < rewards.size(); ++i) {
    if (std::isnan(rewards[i])) return rewards[i];
    if (i == 0 || rewards[i] < worst) worst = rewards[i];
  }
  return worst;
}

DistillSelection SelectDemonstrations(const std::vector<DistillCandidate>& candidates, const DistillOptions& options) {
  const bool revised = std::any_of(candidates.begin(), candidates.end(), [](const auto& candidate) { return candidate.draft >= 0; });
  DistillSelection selection;
  std::vector<std::string> order;
  std::map<std::string, size_t> best;
  std::map<std::string, PromptSums> drawn, chosen;
  std::map<std::string, bool> first;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const DistillCandidate& candidate = candidates[i];
    const std::string& id = candidate.row.prompt.id;
    if (first.emplace(id, false).second) order.push_back(id);
    if (const double worst = candidate.Worst(); !std::isnan(worst) && (!revised || candidate.draft < 0)) Add(worst, &drawn[id]);
    if (revised && candidate.draft < 0) continue;
    const bool judged = candidate.dropped.empty() && !candidate.rewards.empty();
    if (judged && candidate.rewards.front() >= options.min_reward) first[id] = true;
    const std::string problem = ProblemOf(candidates, candidate, options);
    if (!problem.empty()) {
      ++selection.left_out[problem];
      continue;
    }
    const auto [found, is_new] = best.emplace(id, i);
    if (is_new) continue;
    ++selection.left_out[kNotBest];
    if (candidate.Worst() > candidates[found->second].Worst()) found->second = i;
  }
  for (const std::string& id : order) {
    selection.kept_by_first += first[id] ? 1 : 0;
    const auto found = best.find(id);
    if (found == best.end()) continue;
    const DistillCandidate& candidate = candidates[found->second];
    Add(candidate.Worst(), &chosen[id]);
    selection.kept.push_back(found->second);
    if (candidate.draft >= 0) selection.pairs.push_back({found->second, static_cast<size_t>(candidate.draft)});
  }
  selection.drawn = MeanOver(drawn);
  selection.chosen = MeanOver(chosen);
  return selection;
}

}  // namespace temper
