#include "rewrites/transforms/entry.h"

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

// Chooses the wording of one try of one prompt.
uint64_t WordingKey(const TransformEntry& entry, uint64_t seed, uint64_t key, const Prompt& prompt) {
  return KeyedStream(seed, Concat("transform/", entry.type->name, "/", prompt.id), key).Next();
}

// The rewrites of the prompts, in their order.
std::vector<std::optional<Rewrite>> RewritesOf(const TransformEntry& entry, uint64_t seed, uint64_t key,
                                               const std::vector<const Prompt*>& prompts) {
  std::vector<RewriteRequest> requests;
  for (const Prompt* prompt : prompts) requests.push_back({prompt->text, WordingKey(entry, seed, key, *prompt)});
  return entry.options->Make()->Apply(requests);
}

}  // namespace

void DescribeTransform(size_t index, TransformEntry* entry, ConfigFields& f) {
  const auto& types = TransformTypes().types();
  entry->type = types.at(index % types.size());
  f.Choice("name", &entry->type, TransformTypes(), "how a prompt is rewritten");
  f.Require("name");
  f.Real("share", &entry->share, {0, 1},
         "share of the training prompts that are rewritten, in place of the original; the shares add up to 1 at most");
  f.Enum("graders_see", &entry->graders_see,
         "what graders are told was asked: original = the prompt before it was rewritten, rewritten = what the policy read");
  f.StringList("eval", &entry->eval,
               "evaluation sets that are evaluated rewritten, too, as sets called SET_NAME; no other is ever rewritten");
  entry->options = entry->type->options();
  entry->options->Describe(f);
}

double SumOfShares(const std::deque<TransformEntry>& entries) {
  double sum = 0;
  for (const TransformEntry& entry : entries) sum += entry.share;
  return sum;
}

std::string RewrittenSet(const std::string& set, const TransformEntry& entry) { return Concat(set, "_", entry.type->name); }

Prompt RewrittenPrompt(const Prompt& prompt, const TransformEntry& entry, const Rewrite& rewrite) {
  TEMPER_CHECK(!rewrite.text.empty(), "transform ", entry.type->name, " made nothing of prompt ", prompt.id);
  Prompt rewritten = prompt;
  rewritten.id = Concat(prompt.id, "~", entry.type->name);
  rewritten.rewritten_by = entry.type->name;
  rewritten.text = rewrite.text;
  if (entry.graders_see == GradersSee::kOriginal) rewritten.judged_as = prompt.judged_as.empty() ? prompt.text : prompt.judged_as;
  if (prompt.messages.empty() && rewrite.before.empty()) return rewritten;
  auto messages = prompt.messages.empty() ? nlohmann::ordered_json::array() : nlohmann::ordered_json::parse(prompt.messages);
  if (!messages.empty()) messages.erase(messages.size() - 1);
  for (const ChatTurn& turn : rewrite.before) messages.push_back({{"role", turn.role}, {"content", turn.text}});
  messages.push_back({{"role", "user"}, {"content", rewrite.text}});
  rewritten.messages = messages.dump();
  return rewritten;
}

std::vector<int64_t> RewriteShares(const std::deque<TransformEntry>& entries, uint64_t seed, std::vector<Prompt>* prompts) {
  std::vector<int64_t> counts(entries.size(), 0);
  std::vector<std::vector<Prompt*>> chosen(entries.size());
  for (Prompt& prompt : *prompts) {
    double u = KeyedStream(seed, "data.transforms", KeyOf(prompt.id)).Uniform();
    for (size_t e = 0; e < entries.size(); ++e) {
      if (u < entries[e].share) {
        chosen[e].push_back(&prompt);
        break;
      }
      u -= entries[e].share;
    }
  }
  for (size_t e = 0; e < entries.size(); ++e) {
    if (chosen[e].empty()) continue;
    const auto rewrites = RewritesOf(entries[e], seed, 0, {chosen[e].begin(), chosen[e].end()});
    for (size_t i = 0; i < rewrites.size(); ++i) {
      if (!rewrites[i]) continue;
      *chosen[e][i] = RewrittenPrompt(*chosen[e][i], entries[e], *rewrites[i]);
      ++counts[e];
    }
  }
  return counts;
}

std::vector<std::optional<Prompt>> RewriteEach(const TransformEntry& entry, uint64_t seed, uint64_t attempt,
                                               const std::vector<Prompt>& prompts) {
  std::vector<const Prompt*> all;
  for (const Prompt& prompt : prompts) all.push_back(&prompt);
  const auto rewrites = RewritesOf(entry, seed, attempt, all);
  std::vector<std::optional<Prompt>> rewritten(prompts.size());
  for (size_t i = 0; i < prompts.size(); ++i)
    if (rewrites[i]) rewritten[i] = RewrittenPrompt(prompts[i], entry, *rewrites[i]);
  return rewritten;
}

}  // namespace temper
