#include "reward/spec/propositions.h"

#include <algorithm>
#include <utility>

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

// One call of Decide.
struct PropositionSet::Deciding {
  const PropositionInput& input;
  MeasuredText response;
  std::vector<std::vector<uint8_t>> may = {};  // by group: which of its patterns may match; empty = not scanned yet
  std::vector<std::optional<double>> measures = {};
  PropositionValues values = {};
};

PropositionSet::PropositionSet(const PolicySpec& spec) {
  auto numbers = std::make_shared<PropositionNumbers>();
  for (const std::string& id : spec.proposition_order) numbers->emplace(id, static_cast<uint32_t>(numbers->size()));
  numbers_ = std::move(numbers);
  for (const std::string& id : spec.proposition_order) Compile(spec, id);
  for (Group& group : groups_) group.set.emplace(group.trees);
  request_.holds.resize(propositions_.size());
  request_.measured.emplace(request_.text);
}

void PropositionSet::Compile(const PolicySpec& spec, const std::string& id) {
  Compiled& compiled = propositions_.emplace_back();
  compiled.id = id;
  compiled.rule = spec.propositions.at(id);
  const PropositionRule& rule = compiled.rule;
  const bool listed = rule.measured() && !rule.counts_matches();
  if (listed) compiled.listed.insert(rule.phrases.begin(), rule.phrases.end());
  if (!listed && !rule.phrases.empty())
    compiled.patterns.emplace_back(AlternationOf(rule.phrases), rule.case_sensitive, spec.limits.regex_steps);
  for (const std::string& regex : rule.regexes) compiled.patterns.emplace_back(regex, rule.case_sensitive, spec.limits.regex_steps);
  for (Regex& pattern : compiled.patterns) pattern.ScanFirst();
  if (rule.measured()) compiled.same = SameMeasure(compiled);
  if (!rule.measured() && !compiled.patterns.empty()) AddToGroup(&compiled);
  for (const std::string& name : rule.all) compiled.all.push_back(numbers_->at(name));
  for (const std::string& name : rule.any) compiled.any.push_back(numbers_->at(name));
  for (const std::string& name : rule.none) compiled.none.push_back(numbers_->at(name));
}

void PropositionSet::AddToGroup(Compiled* compiled) {
  const bool in_response = compiled->rule.in == "response";
  const auto fits = [&](const Group& group) {
    return group.in_response == in_response && group.within_bytes == compiled->rule.within_bytes;
  };
  auto group = std::find_if(groups_.begin(), groups_.end(), fits);
  if (group == groups_.end())
    group = groups_.insert(groups_.end(), {.in_response = in_response, .within_bytes = compiled->rule.within_bytes});
  compiled->group = static_cast<size_t>(group - groups_.begin());
  compiled->first_in_group = group->trees.size();
  for (const Regex& pattern : compiled->patterns) group->trees.push_back(pattern.tree());
}

size_t PropositionSet::SameMeasure(const Compiled& compiled) const {
  const PropositionRule& rule = compiled.rule;
  const auto same = [&](const Compiled& other) {
    return other.rule.measure == rule.measure && other.rule.phrases == rule.phrases && other.rule.regexes == rule.regexes &&
           other.rule.case_sensitive == rule.case_sensitive;
  };
  return static_cast<size_t>(std::find_if(propositions_.begin(), propositions_.end(), same) - propositions_.begin());
}

double PropositionSet::MeasureOf(const Compiled& proposition, const Deciding& deciding) const {
  const std::string& measure = proposition.rule.measure;
  const WordList& listed = proposition.listed;
  const MeasuredText &request = *request_.measured, &response = deciding.response;
  if (measure == "request_overlap") return RequestOverlap(request, response, listed);
  if (measure == "echo_share") return EchoShare(request, response, listed);
  if (measure == "listed_share") return ListedShare(listed, response);
  if (measure == "letter_share") return LetterShare(response.text());
  if (measure == "repeated_share") return RepeatedShare(response);
  if (measure == "match_share") return MatchShare(proposition.patterns, response);
  if (measure == "sentence_share") return SentenceShare(proposition.patterns, response.text());
  return static_cast<double>(response.words().size());
}

bool PropositionSet::DecideLexical(const Compiled& proposition, Deciding* deciding) const {
  const PropositionRule& rule = proposition.rule;
  if (proposition.patterns.empty()) return rule.min_count <= 0;
  Group& group = groups_[proposition.group];
  std::string_view text = group.in_response ? deciding->input.response : deciding->input.request;
  if (rule.within_bytes > 0) text = text.substr(0, static_cast<size_t>(rule.within_bytes));
  std::vector<uint8_t>& may = deciding->may[proposition.group];
  if (may.empty()) {
    const std::span<const uint8_t> scanned = group.set->MayMatch(text);
    may.assign(scanned.begin(), scanned.end());
  }
  int64_t count = 0;
  std::vector<Evidence> places;
  for (size_t i = 0; i < proposition.patterns.size(); ++i) {
    if (may[proposition.first_in_group + i] == 0) continue;
    proposition.patterns[i].ForEachMatch(text, [&](size_t begin, size_t end) {
      ++count;
      if (places.size() < kMaxEvidence) places.push_back({proposition.id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      return count < rule.min_count || places.size() < kMaxEvidence;
    });
  }
  const bool holds = count >= rule.min_count;
  auto& evidence = deciding->values.evidence;
  if (holds && group.in_response) evidence.insert(evidence.end(), places.begin(), places.end());
  return holds;
}

bool PropositionSet::DecideDerived(const Compiled& proposition, const PropositionValues& values) {
  const auto holds = [&](uint32_t number) { return values.holding[number] != 0; };
  return std::all_of(proposition.all.begin(), proposition.all.end(), holds) &&
         (proposition.any.empty() || std::any_of(proposition.any.begin(), proposition.any.end(), holds)) &&
         std::none_of(proposition.none.begin(), proposition.none.end(), holds);
}

bool PropositionSet::DecideOne(size_t number, Deciding* deciding) const {
  const Compiled& proposition = propositions_[number];
  const PropositionRule& rule = proposition.rule;
  const PropositionInput& input = deciding->input;
  if (!input.given.empty())
    if (const auto given = input.given.find(proposition.id); given != input.given.end()) return given->second;
  if (rule.derived()) return DecideDerived(proposition, deciding->values);
  if (rule.factual()) return AnyIn(rule.requested, input.requested) || AnyIn(rule.disclosed, input.disclosed);
  if (rule.measured()) {
    std::optional<double>& value = deciding->measures[proposition.same];
    if (!value) value = MeasureOf(proposition, *deciding);
    return *value >= rule.at_least && *value <= rule.at_most;
  }
  if (rule.in == "response") return DecideLexical(proposition, deciding);
  std::optional<bool>& holds = request_.holds[number];
  if (!holds) holds = DecideLexical(proposition, deciding);
  return *holds;
}

PropositionValues PropositionSet::Decide(const PropositionInput& input) const {
  if (request_.text != input.request) {
    request_.text = input.request;
    request_.holds.assign(propositions_.size(), std::nullopt);
    request_.measured.emplace(request_.text);
  }
  Deciding deciding{input, input.response};
  deciding.may.resize(groups_.size());
  deciding.measures.resize(propositions_.size());
  deciding.values.numbers = numbers_;
  deciding.values.holding.resize(propositions_.size());
  for (size_t number = 0; number < propositions_.size(); ++number) deciding.values.holding[number] = DecideOne(number, &deciding) ? 1 : 0;
  return std::move(deciding.values);
}

}  // namespace temper
