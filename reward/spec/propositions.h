#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reward/spec/policy_spec.h"
#include "reward/spec/regex.h"

namespace temper {

// What propositions are decided on. `requested` holds facets, `disclosed` "facet.level"; both empty without facts.
struct PropositionInput {
  std::string_view request;
  std::string_view response;
  std::set<std::string> requested;
  std::set<std::string> disclosed;
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
    std::set<std::string> listed;  // lower-case words a measure counts or leaves out
  };
  bool DecideLexical(const Compiled& proposition, const PropositionInput& input, std::vector<Evidence>* evidence) const;
  static bool DecideDerived(const PropositionRule& rule, const PropositionValues& values);

  std::vector<Compiled> propositions_;  // in an order in which every one comes after those it is derived from
};

inline constexpr size_t kMaxEvidence = 8;

// The measures of propositions (PropositionRule::measure).
// Share of the request's content words (four letters or more, first five letters compared, `ignored` words left out) that occur in the
// response; 0 when the request has none.
double RequestOverlap(std::string_view request, std::string_view response, const std::set<std::string>& ignored);
// Share of the word triples of the text that occurred before in it; 0 for fewer than four words.
double RepeatedShare(std::string_view text);
// Share of ASCII letters among the bytes that are not white space; 0 for an empty text.
double LetterShare(std::string_view text);

}  // namespace temper
