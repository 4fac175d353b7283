#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reward/spec/measures.h"
#include "reward/spec/pattern_set.h"
#include "reward/spec/policy_spec.h"
#include "reward/spec/regex.h"

namespace temper {

// What propositions are decided on. `requested` holds facets, `disclosed` "facet.level"; both empty without facts. `given` are the
// propositions whose value is known from elsewhere (a row's intent): they are not read from the texts.
struct PropositionInput {
  std::string_view request;
  std::string_view response;
  std::set<std::string> requested;
  std::set<std::string> disclosed;
  std::map<std::string, bool> given = {};
};

using PropositionNumbers = std::unordered_map<std::string, uint32_t>;  // id -> its place in the order they are decided in

// Which propositions hold, and where in the response each lexical one was seen (at most kMaxEvidence places).
struct PropositionValues {
  std::shared_ptr<const PropositionNumbers> numbers = {};
  std::vector<uint8_t> holding = {};  // by number; of those that are decided
  std::vector<Evidence> evidence = {};
  bool Holds(const std::string& id) const {
    const auto number = numbers->find(id);
    return number != numbers->end() && holding[number->second] != 0;
  }
};

// The propositions of one policy spec, compiled. Decide is a function of the input; RegexLimitError when a text is too hard for a pattern.
// What it finds of a request it keeps for the next answer to it. Not thread-safe.
class PropositionSet {
 public:
  explicit PropositionSet(const PolicySpec& spec);
  PropositionValues Decide(const PropositionInput& input) const;

 private:
  struct Compiled {
    std::string id;
    PropositionRule rule;
    std::vector<Regex> patterns;
    WordList listed;                       // lower-case words a measure of words counts or leaves out
    size_t group = 0, first_in_group = 0;  // of a lexical one: where its patterns are
    size_t same = 0;                       // of a measured one: the first that measures the same
    std::vector<uint32_t> all, any, none;  // rule's, as numbers
  };
  // The patterns of the lexical propositions that read the same text.
  struct Group {
    bool in_response = true;
    int64_t within_bytes = 0;
    std::vector<const PatternTree*> trees = {};
    std::optional<PatternSet> set = {};
  };
  // What is known of the last request: whether each proposition about it alone holds.
  struct Request {
    std::string text;
    std::vector<std::optional<bool>> holds;
    std::optional<MeasuredText> measured;
  };
  struct Deciding;
  void Compile(const PolicySpec& spec, const std::string& id);
  void AddToGroup(Compiled* compiled);
  size_t SameMeasure(const Compiled& compiled) const;
  bool DecideOne(size_t number, Deciding* deciding) const;
  double MeasureOf(const Compiled& proposition, const Deciding& deciding) const;
  bool DecideLexical(const Compiled& proposition, Deciding* deciding) const;
  static bool DecideDerived(const Compiled& proposition, const PropositionValues& values);

  std::deque<Compiled> propositions_;  // in an order in which every one comes after those it is derived from
  std::shared_ptr<const PropositionNumbers> numbers_;
  mutable std::vector<Group> groups_;
  mutable Request request_;
};

inline constexpr size_t kMaxEvidence = 8;

}  // namespace temper
