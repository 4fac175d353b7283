#include "cli/graders/distill_output.h"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "views/page/format.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

std::string JsonLine(const Json& row) { return row.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string DistillText(const std::vector<DistillCandidate>& candidates, const DistillSelection& selection, const std::string& graded_by,
                        const DistillOptions& options, int64_t judgements) {
  std::set<std::string> prompts;
  std::map<std::string, int64_t> modes;
  for (const DistillCandidate& candidate : candidates) prompts.insert(candidate.row.prompt.id);
  for (const size_t i : selection.kept) ++modes[std::string(NameOf(candidates[i].row.grade.mode))];
  std::string text = Concat(graded_by, "\n", candidates.size(), " answers to ", prompts.size(), " prompts; ", selection.kept.size(),
                            " prompts have one with a reward of at least ", options.min_reward, "\n");
  for (const auto& [mode, count] : modes) text += Concat("  kept, ", mode, ": ", count, "\n");
  for (const auto& [cause, count] : selection.left_out) text += Concat("  left out, ", cause, ": ", count, "\n");
  text += Concat("mean reward: ", WithInterval(selection.drawn), " of all judged", selection.pairs.empty() ? "" : " drafts", ", ",
                 WithInterval(selection.chosen), " of those kept\n");
  if (judgements > 1)
    text += Concat("one judgement alone would have kept answers to ", selection.kept_by_first, " prompts; the lowest of ", judgements,
                   " keeps ", selection.kept.size(), "\n");
  return text;
}

std::string DemonstrationRows(const std::vector<DistillCandidate>& candidates, const DistillSelection& selection) {
  std::string lines;
  for (const size_t i : selection.kept) {
    const AttackTryRow& row = candidates[i].row;
    Json json = {{"id", row.prompt.id}, {"prompt", row.prompt.text}, {"response", row.response}};
    if (!row.prompt.intent.empty()) json["intent"] = row.prompt.intent;
    if (!row.prompt.category.empty()) json["category"] = row.prompt.category;
    if (!row.prompt.label.empty()) json["label"] = row.prompt.label;
    json["mode"] = NameOf(row.grade.mode);
    json["reward"] = candidates[i].Worst();
    lines += JsonLine(json);
  }
  return lines;
}

std::string PairRows(const std::vector<DistillCandidate>& candidates, const DistillSelection& selection) {
  std::string lines;
  for (const PreferencePair& pair : selection.pairs) {
    const DistillCandidate &chosen = candidates[pair.chosen], &rejected = candidates[pair.rejected];
    lines += JsonLine({{"id", chosen.row.prompt.id},
                       {"prompt", chosen.row.prompt.text},
                       {"chosen", chosen.row.response},
                       {"rejected", rejected.row.response},
                       {"reward_chosen", chosen.Worst()},
                       {"reward_rejected", rejected.Worst()}});
  }
  return lines;
}

std::string CandidateRows(const std::vector<DistillCandidate>& candidates) {
  std::string lines;
  for (const DistillCandidate& candidate : candidates) {
    const AttackTryRow& row = candidate.row;
    lines += JsonLine({{"id", row.prompt.id},
                       {"intent", row.prompt.intent},
                       {"category", row.prompt.category},
                       {"prompt", row.prompt.text},
                       {"response", row.response},
                       {"draft", candidate.draft},
                       {"dropped", candidate.dropped},
                       {"rewards", candidate.rewards}});  // NaN becomes null
  }
  return lines;
}

}  // namespace temper
