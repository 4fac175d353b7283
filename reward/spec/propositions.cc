#include "reward/spec/propositions.h"

#include <algorithm>

#include "reward/spec/text_words.h"

namespace temper {
namespace {

constexpr size_t kStemLetters = 5;
constexpr size_t kContentLetters = 4;

std::set<std::string> ContentStems(std::string_view text, const std::set<std::string>& ignored) {
  std::set<std::string> stems;
  for (const TextWord& word : ReadTextWords(text))
    if (word.letters && word.text.size() >= kContentLetters && !ignored.contains(word.text))
      stems.insert(word.text.substr(0, kStemLetters));
  return stems;
}

double ListedShare(const std::set<std::string>& listed, std::string_view text) {
  const std::vector<std::string> words = LetterWords(ReadTextWords(text));
  if (words.empty()) return 0;
  const auto hits = std::count_if(words.begin(), words.end(), [&](const std::string& word) { return listed.contains(word); });
  return static_cast<double>(hits) / static_cast<double>(words.size());
}

double Measure(const std::string& measure, const std::set<std::string>& listed, const PropositionInput& input) {
  if (measure == "request_overlap") return RequestOverlap(input.request, input.response, listed);
  if (measure == "listed_share") return ListedShare(listed, input.response);
  if (measure == "letter_share") return LetterShare(input.response);
  if (measure == "repeated_share") return RepeatedShare(input.response);
  return static_cast<double>(LetterWords(ReadTextWords(input.response)).size());
}

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

double RequestOverlap(std::string_view request, std::string_view response, const std::set<std::string>& ignored) {
  const std::set<std::string> asked = ContentStems(request, ignored), said = ContentStems(response, ignored);
  if (asked.empty()) return 0;
  const auto hits = std::count_if(asked.begin(), asked.end(), [&](const std::string& stem) { return said.contains(stem); });
  return static_cast<double>(hits) / static_cast<double>(asked.size());
}

double RepeatedShare(std::string_view text) {
  const std::vector<std::string> words = LetterWords(ReadTextWords(text));
  if (words.size() < 4) return 0;
  std::set<std::string> seen;
  size_t repeats = 0;
  for (size_t i = 0; i + 2 < words.size(); ++i)
    if (!seen.insert(words[i] + " " + words[i + 1] + " " + words[i + 2]).second) ++repeats;
  return static_cast<double>(repeats) / static_cast<double>(words.size() - 2);
}

double LetterShare(std::string_view text) {
  size_t letters = 0, visible = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f) continue;
    ++visible;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) ++letters;
  }
  return visible == 0 ? 0 : static_cast<double>(letters) / static_cast<double>(visible);
}

PropositionSet::PropositionSet(const PolicySpec& spec) {
  for (const std::string& id : spec.proposition_order) {
    Compiled& compiled = propositions_.emplace_back();
    compiled.id = id;
    compiled.rule = spec.propositions.at(id);
    const PropositionRule& rule = compiled.rule;
    const bool listed = rule.measured();
    if (listed) compiled.listed.insert(rule.phrases.begin(), rule.phrases.end());
    if (!listed && !rule.phrases.empty())
      compiled.patterns.emplace_back(AlternationOf(rule.phrases), rule.case_sensitive, spec.limits.regex_steps);
    for (const std::string& regex : rule.regexes) compiled.patterns.emplace_back(regex, rule.case_sensitive, spec.limits.regex_steps);
  }
}

bool PropositionSet::DecideLexical(const Compiled& proposition, const PropositionInput& input, std::vector<Evidence>* evidence) const {
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

PropositionValues PropositionSet::Decide(const PropositionInput& input) const {
  PropositionValues values;
  for (const Compiled& proposition : propositions_) {
    const PropositionRule& rule = proposition.rule;
    bool holds = false;
    if (rule.derived()) {
      holds = DecideDerived(rule, values);
    } else if (rule.factual()) {
      holds = AnyIn(rule.requested, input.requested) || AnyIn(rule.disclosed, input.disclosed);
    } else if (rule.measured()) {
      const double value = Measure(rule.measure, proposition.listed, input);
      holds = value >= rule.at_least && value <= rule.at_most;
    } else {
      holds = DecideLexical(proposition, input, &values.evidence);
    }
    if (holds) values.holding.insert(proposition.id);
  }
  return values;
}

}  // namespace temper
