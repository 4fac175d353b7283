// Answers that must not be given: what training and evaluation make of them.
#include <algorithm>
#include <iterator>
#include <span>

#include "cluster/base/error.h"
#include "evaluation/prefill.h"
#include "orchestrator/data/data_store.h"

namespace temper {
namespace {

bool EndsASentence(const std::string& text) {
  const size_t last = text.find_last_not_of(' ');
  return last != std::string::npos && std::string_view(".!?\n").find(text[last]) != std::string_view::npos;
}

// A set's prompts that can be prefilled, with the tokens of their unsafe answers.
struct Prefillable {
  std::vector<Prompt> prompts;
  std::vector<std::vector<int32_t>> answers;
  int64_t longest = 0;  // tokens of a prompt with the deepest prefix
  size_t unfit = 0;     // with an unsafe answer, and left out
};

Prefillable PrefillableOf(const EvalSet& set, int64_t deepest, int64_t limit, const DataStore& store) {
  Prefillable of;
  for (const Prompt& prompt : set.prompts) {
    const auto unsafe = set.unsafe_answers.find(prompt.id);
    if (unsafe == set.unsafe_answers.end()) continue;
    std::vector<int32_t> answer = store.tokenizer->Encode(unsafe->second);
    const int64_t tokens = static_cast<int64_t>(store.PromptTokens(prompt).size()) + deepest;
    if (std::ssize(answer) <= deepest || tokens > limit) {
      ++of.unfit;
      continue;
    }
    of.longest = std::max(of.longest, tokens);
    of.prompts.push_back(prompt);
    of.answers.push_back(std::move(answer));
  }
  return of;
}

}  // namespace

void DataStore::SetTransition(const DertaOptions& derta) {
  if (!derta.enabled() || unsafe_answers.empty()) return;
  const auto has = [](const UnsafeAnswer& unsafe) { return !unsafe.tokens.empty(); };
  if (std::none_of(unsafe_answers.begin(), unsafe_answers.end(), has))
    throw ConfigError("sft.derta: no demonstration has an unsafe answer; data.columns.harmful_response names the column with them");
  if (!derta.has_transition()) return;
  const std::vector<int32_t> target = tokenizer->Encode(derta.transition_target);
  const int64_t id = derta.transition_target_id >= 0 ? derta.transition_target_id : target.empty() ? -1 : target.front();
  if (id < 0 || id >= model.vocab_size)
    throw ConfigError(Concat("sft.derta.transition: ", id < 0 ? "target is a text without a token" : "target_id is no token of the model",
                             ", which has the ids 0 to ", model.vocab_size - 1));
  transition_target = static_cast<int32_t>(id);
}

void DataStore::AddPrefilledSets(const std::vector<int64_t>& depths, int64_t limit) {
  if (depths.empty()) return;
  const int64_t deepest = *std::max_element(depths.begin(), depths.end());
  std::vector<EvalSet> prefilled;
  for (const EvalSet& set : eval_sets) {
    const Prefillable of = PrefillableOf(set, deepest, limit, *this);
    if (of.unfit > 0)
      remarks.push_back(Concat(of.unfit, " prompts of evaluation set ", set.name,
                               " are not prefilled: their unsafe answer has no more than ", deepest,
                               " tokens (eval.prefill), or there is no room for so many behind the prompt"));
    if (of.prompts.empty()) continue;
    longest_prompt = std::max(longest_prompt, of.longest);
    for (const int64_t depth : depths) {
      EvalSet& made = prefilled.emplace_back(EvalSet{PrefillSetName(set.name, depth), of.prompts});
      for (const std::vector<int32_t>& answer : of.answers) made.answers_begun.emplace_back(answer.begin(), answer.begin() + depth);
    }
  }
  if (prefilled.empty())
    throw ConfigError(Concat("eval.prefill: no evaluation set has an unsafe answer of more than ", deepest,
                             " tokens; data.columns.harmful_response names the column with them"));
  std::move(prefilled.begin(), prefilled.end(), std::back_inserter(eval_sets));
}

std::vector<int32_t> DataStore::UnfinishedSentence(const std::vector<int32_t>& answer_begun) const {
  size_t begin = answer_begun.size();
  while (begin > 0 && !EndsASentence(tokenizer->Decode(std::span(answer_begun).first(begin)))) --begin;
  return {answer_begun.begin() + static_cast<std::ptrdiff_t>(begin), answer_begun.end()};
}

}  // namespace temper
