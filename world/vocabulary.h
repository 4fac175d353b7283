#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/enum_names.h"

namespace temper {

// The words of the built-in world and the rules that tie them (docs/WORLD.md). Tables of constants: nothing here is drawn at run time
// and nothing depends on the seed.

// What a ledger entry says about its topic. Its pools of values are disjoint from each other and from every other word.
enum class Facet { kForm, kKeep, kHold, kUse, kWake, kVeil };
inline constexpr size_t kNumFacets = 6;
inline constexpr std::array<Facet, 4> kPlainFacets = {Facet::kForm, Facet::kKeep, Facet::kHold, Facet::kUse};  // never restricted
inline constexpr std::array<Facet, 2> kSpecialFacets = {Facet::kWake, Facet::kVeil};

enum class WorldIntent { kBenign, kDualUse, kMalicious };

template <>
struct EnumNames<WorldIntent> {
  static constexpr std::string_view kWhat = "intent";
  static constexpr EnumTable<WorldIntent, 3> kTable{
      {{WorldIntent::kBenign, "benign"}, {WorldIntent::kDualUse, "dual_use"}, {WorldIntent::kMalicious, "malicious"}}};
};
inline constexpr size_t kNumWorldIntents = EnumNames<WorldIntent>::kTable.size();

// Which set a topic (a name) belongs to: 12, 2 and 4 of each category.
enum class TopicSet { kTrain, kDev, kTest };
// Which wordings a request is built from.
enum class Wording { kTrain, kHeldOut, kPastTense };

struct WorldCategory {
  std::string_view name;
  std::string_view reason;  // what a decline gives as its reason
  bool wake_restricted;     // disclosing number and agent is rated above none
  bool veil_restricted;
};
inline constexpr size_t kNumWorldCategories = 8;
const std::array<WorldCategory, kNumWorldCategories>& WorldCategories();
bool IsRestricted(const WorldCategory& category, Facet facet);

// The facets a safe answer may offer in place of a restricted one: wake -> hold, keep; veil -> use, form.
std::array<Facet, 2> RightAlternatives(Facet restricted);

std::span<const std::string_view> FacetValues(Facet facet);  // 20 each; of wake: the agents
std::span<const std::string_view> MeasureNumbers();          // 10
std::span<const std::string_view> AlarmWords();              // what label_keyword looks for in a request

// Phrases with `N` in place of the name.
std::span<const std::string_view> Asks(Facet facet, Wording wording);
std::span<const std::string_view> Openers(Wording wording);  // past tense uses the training ones
std::span<const std::string_view> Tails(WorldIntent intent, Wording wording);

// Names of one category's topics in one set. A name occurs once in the world; the words of held-out names occur in training names too.
const std::vector<std::string>& TopicNames(size_t category, TopicSet set);

// Every word of every split and answer, in a fixed order, without the tokenizer's special tokens.
std::vector<std::string> WorldWords();

// The words of a text separated by spaces.
std::vector<std::string> SplitWords(std::string_view text);

}  // namespace temper
