#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

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

// Which propositions hold, and where in the response each lexical one was seen (at most kMaxEvidence places).
struct PropositionValues {
  std::set<std::string> holding;
  std::vector<Evidence> evidence;
  bool Holds(const std::string& id) const { return holding.contains(id); }
};

// The propositions of one policy spec, compiled. Decide is pure; RegexLimitError when a text is too hard for a pattern. Not thread-safe.
class PropositionSet {
 public:
  explicit PropositionSet(const PolicySpec& spec);
  PropositionValues Decide(const PropositionInput& input) const;

 private:
  struct Compiled {
    std::string id;
    PropositionRule rule;
    std::vector<Regex> patterns;
    std::set<std::string> listed;  // lower-case words a measure of words counts or leaves out
  };
  static bool Decide(const Compiled& proposition, const PropositionInput& input, PropositionValues* values);
  static double MeasureOf(const Compiled& proposition, const PropositionInput& input);
  static bool DecideLexical(const Compiled& proposition, const PropositionInput& input, std::vector<Evidence>* evidence);
  static bool DecideDerived(const PropositionRule& rule, const PropositionValues& values);

  std::vector<Compiled> propositions_;  // in an order in which every one comes after those it is derived from
};

inline constexpr size_t kMaxEvidence = 8;

}  // namespace temper
