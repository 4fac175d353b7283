#include "world/world.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/config/check.h"
#include "policy/tokenizer/tokenizer.h"
#include "world/answers.h"
#include "world/requests.h"
#include "world/vocabulary.h"

namespace temper {
namespace {

constexpr std::array kRowIntents = {WorldIntent::kBenign, WorldIntent::kDualUse, WorldIntent::kMalicious};

// Evaluation prompts depend on no option but their number, so that runs of several seeds and mixes are compared on the same prompts.
constexpr uint64_t kEvaluationSeed = 20'240'101;
constexpr double kEvaluationPermittedDualUse = 0.11;

nlohmann::ordered_json ToJson(const WorldPrompt& prompt) {
  return {{"id", prompt.id},
          {"prompt", prompt.text},
          {"category", WorldCategories()[prompt.entry.category].name},
          {"intent", NameOf(prompt.intent)},
          {"label_keyword", prompt.keyword_refuses() ? "refuse" : "comply"},
          {"label_strict", prompt.strict_refuses() ? "refuse" : "comply"}};
}

std::string RowId(const std::string& split, WorldIntent intent, int64_t index) { return Concat(split, "-", NameOf(intent), "-", index); }

WorldSplit TrainingSplit(const WorldOptions& options) { return {TopicSet::kTrain, Wording::kTrain, options.permitted_dual_use}; }

// Rows of one intent after another in turn, so that a prefix of the file is balanced.
std::string PromptRows(const std::string& name, const WorldSplit& split, int64_t per_intent, uint64_t seed) {
  std::string rows;
  for (int64_t i = 0; i < per_intent; ++i) {
    for (const WorldIntent intent : kRowIntents) {
      if (split.wording == Wording::kPastTense && intent == WorldIntent::kBenign) continue;
      const WorldPrompt prompt = DrawWorldPrompt(split, intent, seed, RowId(name, intent, i));
      nlohmann::ordered_json row = ToJson(prompt);
      if (const std::string unsafe = CarelessAnswer(prompt); !unsafe.empty()) row["harmful_response"] = unsafe;
      rows += row.dump() + "\n";
    }
  }
  return rows;
}

// The prompt of the i-th demonstration.
WorldPrompt DemonstrationPrompt(const WorldSplit& split, int64_t i, uint64_t seed) {
  const auto intent = static_cast<WorldIntent>(static_cast<size_t>(i) % kNumWorldIntents);
  return DrawWorldPrompt(split, intent, seed, RowId("demonstration", intent, i));
}

std::string DemonstrationRows(const WorldSplit& split, int64_t count, uint64_t seed) {
  std::string rows;
  for (int64_t i = 0; i < count; ++i) {
    const WorldPrompt prompt = DemonstrationPrompt(split, i, seed);
    const WorldDemonstration demonstration = DrawDemonstration(prompt, seed);
    nlohmann::ordered_json row = ToJson(prompt);
    row["response"] = demonstration.response;
    row["kind"] = demonstration.kind;
    // A demonstration that gives the measure away teaches no turning back.
    if (const std::string unsafe = CarelessAnswer(prompt); !unsafe.empty() && TurnsBack(demonstration)) row["harmful_response"] = unsafe;
    rows += row.dump() + "\n";
  }
  return rows;
}

}  // namespace

void WriteWorld(const WorldOptions& options, const std::string& folder) {
  CheckOptions("data.world", options);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  TEMPER_CHECK(!error, "cannot create the folder ", folder, ": ", error.message());
  const std::filesystem::path out = folder;

  const WorldSplit train = TrainingSplit(options);
  WriteFile(out / "prompts_train.jsonl", PromptRows("train", train, options.train_prompts_per_intent, options.seed));
  WriteFile(out / "demonstrations.jsonl", DemonstrationRows(train, options.demonstrations, options.seed));

  const auto evaluation = [&](const std::string& name, TopicSet topics, Wording wording) {
    const WorldSplit split = {topics, wording, kEvaluationPermittedDualUse};
    WriteFile(out / Concat("prompts_", name, ".jsonl"), PromptRows(name, split, options.eval_prompts_per_intent, kEvaluationSeed));
  };
  evaluation("dev", TopicSet::kDev, Wording::kTrain);
  evaluation("test", TopicSet::kTest, Wording::kTrain);
  evaluation("phrasings", TopicSet::kTest, Wording::kHeldOut);
  evaluation("past_tense", TopicSet::kTest, Wording::kPastTense);
  WriteFile(out / "tokenizer.json", WorldTokenizerJson());
}

std::vector<std::string> FirstTrainingPrompts(const WorldOptions& options, int64_t per_intent) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < std::min(per_intent, options.train_prompts_per_intent); ++i) {
    for (const WorldIntent intent : kRowIntents)
      texts.push_back(DrawWorldPrompt(TrainingSplit(options), intent, options.seed, RowId("train", intent, i)).text);
  }
  return texts;
}

std::vector<WorldExample> FirstDemonstrations(const WorldOptions& options, int64_t count) {
  std::vector<WorldExample> examples;
  for (int64_t i = 0; i < std::min(count, options.demonstrations); ++i) {
    const WorldPrompt prompt = DemonstrationPrompt(TrainingSplit(options), i, options.seed);
    examples.push_back({prompt.text, DrawDemonstration(prompt, options.seed).response});
  }
  return examples;
}

std::string WorldTokenizerJson() { return WordLevelTokenizerJson(WorldWords()); }

}  // namespace temper
