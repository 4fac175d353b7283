#include "learner/derta.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

constexpr IntRange kTokens{1, 1 << 20};
constexpr IntRange kTokenIds{-1, (int64_t{1} << 31) - 1};

std::vector<uint8_t> DrawPlaces(size_t count, double rate, uint64_t seed, uint64_t place) {
  KeyedStream stream(seed, "derta places", place);
  std::vector<uint8_t> keep(count);
  for (uint8_t& each : keep) each = stream.Uniform() < rate ? 1 : 0;
  return keep;
}

// k of a demonstration that gets a prefix, which may be 0.
size_t DrawPrefix(const SftExample& example, const UnsafeAnswer& unsafe, const DertaOptions& options, uint64_t seed, uint64_t place,
                  int64_t limit) {
  KeyedStream stream(seed, "derta prefix", place);
  if (stream.Uniform() >= options.prefix_share) return 0;
  const int64_t room = std::max<int64_t>(0, limit - static_cast<int64_t>(example.tokens.size()));
  const int64_t most = std::min({static_cast<int64_t>(unsafe.tokens.size()), options.prefix_max_tokens, room});
  return static_cast<size_t>(stream.Below(static_cast<uint64_t>(most) + 1));
}

}  // namespace

void Describe(DertaOptions& o, ConfigFields& f) {
  f.Section("prefix", "the demonstrated answer is learned behind the beginning of an unsafe one", [&o](ConfigFields& s) {
    s.Real("share", &o.prefix_share, {0, 1}, "share of the demonstrations with an unsafe answer that get such a beginning; 0 = off");
    s.Int("max_tokens", &o.prefix_max_tokens, kTokens, "longest beginning; the length is drawn evenly from 0 to this, or to the answer's");
  });
  f.Section("transition", "at places of an unsafe answer the policy learns to say how the safe one begins", [&o](ConfigFields& s) {
    s.Real("weight", &o.transition_weight, {0, 1000}, "weight of this loss of a place beside that of an answer's token; 0 = off");
    s.String("target", &o.transition_target, "text whose first token is to be said there, such as that a refusal begins with");
    s.Int("target_id", &o.transition_target_id, kTokenIds, "the token itself, in place of target; -1 = that of target");
    s.Real("keep_rate", &o.transition_keep_rate, {0, 1},
           "share of the places that have the loss: the paper's program keeps 0.05, its formula all");
  });
  f.Rule([&o] { return !o.has_transition() || (o.transition_target.empty() != (o.transition_target_id < 0)); },
         "sft.derta.transition.weight above 0 needs either sft.derta.transition.target or sft.derta.transition.target_id: what is to be "
         "said in "
         "the middle of an unsafe answer");
}

SftExample WithPrefix(const SftExample& example, int64_t answer_begin, std::span<const int32_t> prefix) {
  TEMPER_CHECK(example.prompt_length <= answer_begin && answer_begin <= static_cast<int64_t>(example.tokens.size()),
               "an answer that begins at token ", answer_begin, " of an example with ", example.tokens.size(), " tokens and a prompt of ",
               example.prompt_length);
  SftExample with = example;
  with.tokens.insert(with.tokens.begin() + answer_begin, prefix.begin(), prefix.end());
  if (example.prompt_length == answer_begin) {
    with.prompt_length += static_cast<int64_t>(prefix.size());
  } else {  // earlier turns are learned, too
    if (with.learned.empty()) with.learned.assign(example.tokens.size() - static_cast<size_t>(example.prompt_length), 1);
    with.learned.insert(with.learned.begin() + (answer_begin - example.prompt_length), prefix.size(), 0);
  }
  return with;
}

SftExample TransitionExample(const SftExample& example, const UnsafeAnswer& unsafe, int32_t target, double weight,
                             std::vector<uint8_t> keep) {
  SftExample transition;
  transition.tokens.assign(example.tokens.begin(), example.tokens.begin() + unsafe.answer_begin);
  transition.prompt_length = unsafe.answer_begin;
  transition.tokens.insert(transition.tokens.end(), unsafe.tokens.begin(), unsafe.tokens.begin() + std::ssize(keep));
  transition.targets.assign(keep.size(), target);
  transition.learned = std::move(keep);
  transition.weight = weight;
  return transition;
}

std::vector<SftExample> DertaExamples(const SftExample& example, const UnsafeAnswer& unsafe, const DertaOptions& options, int32_t target,
                                      uint64_t seed, uint64_t place, int64_t limit) {
  if (unsafe.tokens.empty()) return {example};
  std::vector<SftExample> examples;
  const size_t k = options.has_prefix() ? DrawPrefix(example, unsafe, options, seed, place, limit) : 0;
  examples.push_back(k == 0 ? example : WithPrefix(example, unsafe.answer_begin, std::span(unsafe.tokens).first(k)));
  const int64_t room = std::min(static_cast<int64_t>(unsafe.tokens.size()), limit - unsafe.answer_begin);
  if (!options.has_transition() || room <= 0) return examples;
  std::vector<uint8_t> keep = DrawPlaces(static_cast<size_t>(room), options.transition_keep_rate, seed, place);
  if (std::find(keep.begin(), keep.end(), 1) != keep.end())
    examples.push_back(TransitionExample(example, unsafe, target, options.transition_weight, std::move(keep)));
  return examples;
}

}  // namespace temper
