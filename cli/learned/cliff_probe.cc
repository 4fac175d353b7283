#include "cli/learned/cliff_probe.h"

#include <algorithm>
#include <numeric>

#include <ATen/ops/arange.h>
#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"
#include "cluster/base/printable.h"
#include "policy/model/causal_sequences.h"
#include "reward/probe/probe.h"
#include "reward/probe/train.h"

namespace temper {
namespace {

constexpr double kScaledDown = 0.001;

}  // namespace

Cliff CliffOf(std::span<const double> scores) {
  TEMPER_CHECK(!scores.empty(), "a cliff of no scores");
  const size_t before = std::max<size_t>(1, scores.size() - (scores.size() + 9) / 10);
  std::vector<double> sorted(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(before));
  std::sort(sorted.begin(), sorted.end());
  const double upper = sorted[before / 2], lower = sorted[(before - 1) / 2];
  return {(lower + upper) / 2, scores.back()};
}

CliffProbe::CliffProbe(const DirectionModel& model, const std::vector<LabelledPrompt>& rows, const PromptProgress& progress)
    : model_(model) {
  std::vector<LabelledRow> labelled;
  std::vector<std::string> prompts;
  for (const LabelledPrompt& row : rows) {
    if (!row.refused) continue;
    prompts.push_back(row.text);
    LabelledRow& each = labelled.emplace_back();
    each.prompt = each.group = row.text;
    each.label = *row.refused ? "yes" : "no";
  }
  std::vector<float> features;
  model_.stream().Run(prompts, [&](size_t index, const PromptStates& states) {
    features.insert(features.end(), states.post.end() - model_.transformer().config().hidden_size, states.post.end());
    if ((index + 1) % 100 == 0 || index + 1 == prompts.size()) progress(index + 1, prompts.size());
  });
  ProbeOptions options;
  options.classes = {"no", "yes"};
  const TrainedProbe trained = TrainProbe(labelled, features, options, SplitByGroup(labelled), [](const std::string&) {});
  head_ = trained.head;
  for (const HeldOut& each : trained.held_out)
    if ((each.probabilities.at(1) >= 0.5) == (labelled[each.row].label == "yes")) ++held_out_accuracy_;
  held_out_ = trained.held_out.size();
  if (held_out_ > 0) held_out_accuracy_ /= static_cast<double>(held_out_);
}

std::vector<double> CliffProbe::Scores(const ScoredText& text, const std::vector<HeadPlace>& scaled_down) const {
  const c10::InferenceMode inference;
  const Transformer& model = model_.transformer();
  EndedPrompt prompt = model_.ends().Read(text.prompt);
  const std::vector<int32_t> answer = model_.tokenizer().Encode(text.answer);
  prompt.tokens.insert(prompt.tokens.end(), answer.begin(), answer.end());
  const auto length = static_cast<int64_t>(prompt.tokens.size());
  if (length > model.config().max_positions)
    throw ConfigError(Concat("a prompt and its answer have ", length, " tokens; the model has ", model.config().max_positions,
                             " positions: ", PrintableText(text.prompt.substr(0, 60)), "; cut the answer, or leave it out of --answers"));
  const std::vector<std::span<const int32_t>> sequences = {prompt.tokens};
  const PackedSequences packed(model.config(), sequences);
  const auto inner = MakeCausalAttention(model, packed.lengths);
  ScaledHeads attention(inner.get(), scaled_down, kScaledDown);
  const at::Device device = model.device();
  const at::Tensor last = model
                              .StreamOfRows(packed.tokens_T.to(device), packed.positions_T.to(device), attention,
                                            at::arange(prompt.post, length, at::kLong).to(device))
                              .back()
                              .cpu()
                              .contiguous();
  std::vector<double> scores;
  const auto width = static_cast<size_t>(last.size(1));
  for (int64_t row = 0; row < last.size(0); ++row)
    scores.push_back(ProbabilitiesOf(head_, {last.const_data_ptr<float>() + static_cast<size_t>(row) * width, width}).at(1));
  return scores;
}

std::vector<HeadEffect> CliffProbe::Heads(const std::vector<ScoredText>& texts, const PromptProgress& progress) const {
  const TransformerConfig& config = model_.transformer().config();
  std::vector<HeadEffect> effects;
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    for (int64_t head = 0; head < config.num_heads; ++head) {
      HeadEffect& effect = effects.emplace_back(HeadEffect{{layer, head}, 0});
      for (const ScoredText& text : texts) effect.final_score += Scores(text, {effect.place}).back() / static_cast<double>(texts.size());
    }
    progress(effects.size(), static_cast<size_t>(config.num_layers * config.num_heads));
  }
  std::stable_sort(effects.begin(), effects.end(), [](const HeadEffect& a, const HeadEffect& b) { return a.final_score > b.final_score; });
  return effects;
}

}  // namespace temper
