#include "reward/rbr/proposition_learning.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "cluster/base/hash.h"
#include "cluster/base/utc_time.h"
#include "reward/classifier/file.h"
#include "reward/classifier/train.h"

namespace temper {
namespace {

constexpr uint64_t kFolds = 5;
constexpr int64_t kFewest = 10;

std::vector<LabelledRow> RowsOf(const std::vector<RatedCompletion>& completions, const std::string& proposition) {
  std::vector<LabelledRow> rows;
  for (const RatedCompletion& each : completions) {
    const auto said = each.propositions.find(proposition);
    if (said == each.propositions.end()) continue;
    LabelledRow& row = rows.emplace_back();
    row.prompt = each.prompt;
    row.answer = each.response;
    row.label = said->second >= 0.5 ? "yes" : "no";
    row.group = each.group;
    row.left_out = std::to_string(Hash64("fold:" + each.group) % kFolds);
    row.place = each.place;
  }
  return rows;
}

ClassifierOptions Options() {
  ClassifierOptions options;
  options.classes = {"no", "yes"};
  NgramOptions characters;
  characters.unit = NgramUnit::kCharacter;
  std::tie(characters.min_n, characters.max_n) = std::pair(2, 5);
  options.spaces = {{TextOf::kAnswer, {}, 1}, {TextOf::kAnswer, characters, 1}, {TextOf::kPrompt, {}, 0.3}};
  options.balance = ClassBalance::kNone;  // accuracy is what is compared
  options.linear.c = 4;
  return options;
}

}  // namespace

std::optional<LearnedProposition> LearnProposition(const std::vector<RatedCompletion>& completions, const std::string& proposition,
                                                   const std::string& data_hash) {
  const std::vector<LabelledRow> rows = RowsOf(completions, proposition);
  const auto yes = std::count_if(rows.begin(), rows.end(), [](const LabelledRow& row) { return row.label == "yes"; });
  if (std::min<int64_t>(yes, static_cast<int64_t>(rows.size()) - yes) < kFewest) return std::nullopt;
  TrainedClassifier trained = TrainClassifier(rows, Options(), SplitByLeftOut(rows), [](const std::string&) {});
  int64_t right = 0;
  for (const HeldOut& each : trained.held_out) right += (each.probabilities[1] >= 0.5) == (rows[each.row].label == "yes");
  trained.model.record = {data_hash, "temper rbr learn", static_cast<int64_t>(rows.size()), UtcNow().substr(0, 10), {}};
  return LearnedProposition{static_cast<double>(right) / static_cast<double>(trained.held_out.size()), WriteClassifier(trained.model)};
}

}  // namespace temper
