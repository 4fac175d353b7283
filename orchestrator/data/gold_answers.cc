#include "orchestrator/data/gold_answers.h"

#include <optional>

#include "cluster/base/error.h"
#include "evaluation/qualify/question.h"
#include "rollout/data/labelled_answers.h"

namespace temper {

GoldAnswers LoadGold(const GoldConfig& config, const PolicySpec& spec) {
  if (config.path.empty()) return {};
  AnswerColumns columns{.prompt = config.prompt, .response = config.response, .label = config.label, .category = config.category};
  const LabelledAnswers labelled = LoadLabelledAnswers({{config.path, columns}});
  if (labelled.answers.size() > kMaxGoldAnswers)
    throw ConfigError(Concat(config.path, ": ", labelled.answers.size(), " labelled answers; reward.gold takes at most ", kMaxGoldAnswers));
  GoldAnswers gold;
  gold.hash = labelled.hash;
  for (const LabelledAnswer& each : labelled.answers) {
    const std::optional<double> label = ReadLabel(Question::kHarmful, {.words = {}, .yes_from = config.yes_from}, each.label);
    if (!label)
      throw ConfigError(Concat(each.place, ": column ", config.label, " (reward.gold.label) holds '", each.label, "', not ",
                               KnownLabels(Question::kHarmful)));
    if (const std::string problem = CategoryProblem(spec, each.category); !problem.empty())
      throw ConfigError(Concat(each.place, ": ", problem));
    Prompt prompt{Concat("gold/", gold.answers.size()), each.prompt, each.category, "", ""};
    gold.answers.push_back({std::move(prompt), each.response, *label > 0});
  }
  return gold;
}

}  // namespace temper
