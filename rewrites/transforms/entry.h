#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/base/enum_names.h"
#include "rewrites/transforms/transform.h"
#include "rollout/data/prompt.h"

namespace temper {

// What graders are told was asked: the request before it was rewritten, as judges of jailbreaks are, or as the policy read it.
enum class GradersSee : uint8_t { kOriginal, kRewritten };
template <>
struct EnumNames<GradersSee> {
  static constexpr std::string_view kWhat = "what graders see";
  static constexpr EnumTable<GradersSee, 2> kTable{{{GradersSee::kOriginal, "original"}, {GradersSee::kRewritten, "rewritten"}}};
};

// An entry of data.transforms: {name, share, graders_see, eval, ...keys of the type}.
struct TransformEntry {
  const TransformType* type = nullptr;
  double share = 0;  // of the training prompts, [0, 1]
  GradersSee graders_see = GradersSee::kOriginal;
  std::vector<std::string> eval;  // evaluation sets of which there is a rewritten one beside, SET_NAME
  std::shared_ptr<TransformOptions> options;
};

// Reads entry `index` of a list. The keys of its type follow from the key `name`; in a reference document `index` counts the types.
void DescribeTransform(size_t index, TransformEntry* entry, ConfigFields& fields);

// The rules over all of them: shares that are 1 at most together.
double SumOfShares(const std::deque<TransformEntry>& entries);

// The name of the rewritten set beside an evaluation set: "held_out" and past give "held_out_past".
std::string RewrittenSet(const std::string& set, const TransformEntry& entry);

// The prompt said otherwise: of a conversation its last message. Intent, category, label and columns stay; its id is the prompt's with
// "~NAME" behind it.
Prompt RewrittenPrompt(const Prompt& prompt, const TransformEntry& entry, const Rewrite& rewrite);

// Rewrites a share of the prompts, each by one entry at most: which one is a function of seed and id, whatever else is in the data. Gives
// how many each entry rewrote; a prompt that it has nothing to say of stays as it is.
std::vector<int64_t> RewriteShares(const std::deque<TransformEntry>& entries, uint64_t seed, std::vector<Prompt>* prompts);

// All prompts rewritten by the entry, in their order; nothing where it has nothing to say of one. `attempt` counts the tries from 0, each
// with a choice of wording of its own.
std::vector<std::optional<Prompt>> RewriteEach(const TransformEntry& entry, uint64_t seed, uint64_t attempt,
                                               const std::vector<Prompt>& prompts);

}  // namespace temper
