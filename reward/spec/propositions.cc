#include "reward/spec/propositions.h"

#include <algorithm>

#include "reward/spec/measures.h"
#include "reward/spec/text_words.h"

namespace temper {
namespace {

bool AnyIn(const std::vector<std::string>& wanted, const std::set<std::string>& present) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& item) { return present.contains(item); });
}

// All phrases of one proposition in one pattern: one pass over the text.
std::string AlternationOf(const std::vector<std::string>& phrases) {
  std::string out;
  for (const std::string& phrase : phrases) out += (out.empty() ? "(?:" : "|") + PhrasePattern(phrase);
  return out + ")";
}

}  // namespace

PropositionSet::PropositionSet(const PolicySpec& spec) {
  for (const std::string& id : spec.proposition_order) {
    Compiled& compiled = propositions_.emplace_back();
    compiled.id = id;
    compiled.rule = spec.propositions.at(id);
    const PropositionRule& rule = compiled.rule;
    const bool listed = rule.measured() && !rule.counts_matches();
    if (listed) compiled.listed.insert(rule.phrases.begin(), rule.phrases.end());
    if (!listed && !rule.phrases.empty())
      compiled.patterns.emplace_back(AlternationOf(rule.phrases), rule.case_sensitive, spec.limits.regex_steps);
    for (const std::string& regex : rule.regexes) compiled.patterns.emplace_back(regex, rule.case_sensitive, spec.limits.regex_steps);
  }
}

double PropositionSet::MeasureOf(const Compiled& proposition, const PropositionInput& input) {
  const std::string& measure = proposition.rule.measure;
  const std::set<std::string>& listed = proposition.listed;
  if (measure == "request_overlap") return RequestOverlap(input.request, input.response, listed);
  if (measure == "echo_share") return EchoShare(input.request, input.response, listed);
  if (measure == "listed_share") return ListedShare(listed, input.response);
  if (measure == "letter_share") return LetterShare(input.response);
  if (measure == "repeated_share") return RepeatedShare(input.response);
  if (measure == "match_share") return MatchShare(proposition.patterns, input.response);
  if (measure == "sentence_share") return SentenceShare(proposition.patterns, input.response);
  return static_cast<double>(LetterWords(ReadTextWords(input.response)).size());
}

bool PropositionSet::DecideLexical(const Compiled& proposition, const PropositionInput& input, std::vector<Evidence>* evidence) {
  const PropositionRule& rule = proposition.rule;
  const bool in_response = rule.in == "response";
  std::string_view text = in_response ? input.response : input.request;
  if (rule.within_bytes > 0) text = text.substr(0, static_cast<size_t>(rule.within_bytes));
  int64_t count = 0;
  std::vector<Evidence> places;
  for (const Regex& pattern : proposition.patterns) {
    pattern.ForEachMatch(text, [&](size_t begin, size_t end) {
      ++count;
      if (places.size() < kMaxEvidence) places.push_back({proposition.id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      return count < rule.min_count || places.size() < kMaxEvidence;
    });
  }
  const bool holds = count >= rule.min_count;
  if (holds && in_response) evidence->insert(evidence->end(), places.begin(), places.end());
  return holds;
}

bool PropositionSet::DecideDerived(const PropositionRule& rule, const PropositionValues& values) {
  return std::all_of(rule.all.begin(), rule.all.end(), [&](const std::string& id) { return values.Holds(id); }) &&
         (rule.any.empty() || AnyIn(rule.any, values.holding)) && !AnyIn(rule.none, values.holding);
}

bool PropositionSet::Decide(const Compiled& proposition, const PropositionInput& input, PropositionValues* values) {
  const PropositionRule& rule = proposition.rule;
  if (const auto given = input.given.find(proposition.id); given != input.given.end()) return given->second;
  if (rule.derived()) return DecideDerived(rule, *values);
  if (rule.factual()) return AnyIn(rule.requested, input.requested) || AnyIn(rule.disclosed, input.disclosed);
  if (!rule.measured()) return DecideLexical(proposition, input, &values->evidence);
  const double value = MeasureOf(proposition, input);
  return value >= rule.at_least && value <= rule.at_most;
}

PropositionValues PropositionSet::Decide(const PropositionInput& input) const {
  PropositionValues values;
  for (const Compiled& proposition : propositions_)
    if (Decide(proposition, input, &values)) values.holding.insert(proposition.id);
  return values;
}

}  // namespace temper
