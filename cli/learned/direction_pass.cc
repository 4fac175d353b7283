#include "cli/learned/direction_pass.h"

#include <iterator>

#include "cluster/base/error.h"
#include "policy/directions/latent_guard.h"

namespace temper {
namespace {

// Runs over the prompts that are held out, or those that are not; `visit` gets the index among all.
void RunOver(const PromptStream& stream, const std::vector<LabelledPrompt>& rows, bool held_out, const PromptProgress& progress,
             const std::function<void(size_t row, const PromptStates& states)>& visit) {
  std::vector<std::string> prompts;
  std::vector<size_t> places;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].held_out != held_out || (!rows[i].harmful && !rows[i].refused)) continue;
    prompts.push_back(rows[i].text);
    places.push_back(i);
  }
  stream.Run(prompts, [&](size_t index, const PromptStates& states) {
    visit(places[index], states);
    if ((index + 1) % 100 == 0 || index + 1 == prompts.size()) progress(index + 1, prompts.size());
  });
}

const std::vector<float>& At(const PromptStates& states, PromptPlace place) {
  return place == PromptPlace::kInst ? states.inst : states.post;
}

}  // namespace

std::vector<Direction> LearnDirections(const PromptStream& stream, const TransformerConfig& config, const std::vector<LabelledPrompt>& rows,
                                       const PromptProgress& progress) {
  std::vector<Direction> directions;
  for (const DirectionKind& kind : kDirectionKinds) {
    const ClassSums none(config.num_layers + 1, config.hidden_size);
    directions.push_back({kind.name, kind.place, none, none, config.num_layers});
  }
  RunOver(stream, rows, /*held_out=*/false, progress, [&](size_t row, const PromptStates& states) {
    for (size_t k = 0; k < directions.size(); ++k) {
      const std::optional<bool>& label = rows[row].*kDirectionKinds[k].label;
      if (label) (*label ? directions[k].with : directions[k].without).Add(At(states, directions[k].place));
    }
  });
  return directions;
}

std::vector<ScoredLabel> JudgedPrompts::OfLayer(int64_t layer) const {
  std::vector<ScoredLabel> scored;
  for (size_t i = 0; i < rows.size(); ++i) scored.push_back({by_layer[i].at(static_cast<size_t>(layer)), positive[i]});
  return scored;
}

std::vector<ScoredLabel> JudgedPrompts::OfMean() const {
  std::vector<ScoredLabel> scored;
  for (size_t i = 0; i < rows.size(); ++i) scored.push_back({MeanOf(by_layer[i]), positive[i]});
  return scored;
}

std::vector<JudgedPrompts> JudgeHeldOut(const PromptStream& stream, const std::vector<Direction>& directions,
                                        const std::vector<LabelledPrompt>& rows, const PromptProgress& progress) {
  TEMPER_CHECK(directions.size() == std::size(kDirectionKinds), directions.size(), " directions of ", std::size(kDirectionKinds), " kinds");
  std::vector<LatentGuard> guards;
  for (const Direction& direction : directions) guards.emplace_back(direction);
  std::vector<JudgedPrompts> judged(directions.size());
  RunOver(stream, rows, /*held_out=*/true, progress, [&](size_t row, const PromptStates& states) {
    for (size_t k = 0; k < directions.size(); ++k) {
      const std::optional<bool>& label = rows[row].*kDirectionKinds[k].label;
      if (!label) continue;
      judged[k].rows.push_back(row);
      judged[k].positive.push_back(*label);
      judged[k].by_layer.push_back(guards[k].ByLayer(At(states, directions[k].place)));
    }
  });
  return judged;
}

}  // namespace temper
