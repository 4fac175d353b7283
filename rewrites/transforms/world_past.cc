// world_past: prompts of the built-in world, by its own grammar.
#include "rewrites/transforms/transform.h"
#include "world/past_tense.h"

namespace temper {
namespace {

std::optional<Rewrite> WorldPast(std::string_view text, KeyedStream* stream) {
  std::optional<std::string> past = InPastTense(text, stream);
  if (!past) return std::nullopt;
  return Rewrite{*std::move(past)};
}

}  // namespace

extern const TransformType kWorldPastTransform = {"world_past", "a prompt of the built-in world in the past tense", RuleOptions<WorldPast>};

}  // namespace temper
