#include "reward/graders/fact_reader.h"

#include <algorithm>
#include <sstream>

#include "cluster/base/error.h"

namespace temper {
namespace {

std::vector<std::string> WordsOf(const std::string& text) { return LetterWords(ReadTextWords(text)); }

std::string Join(const std::vector<std::string>& words, size_t from) {
  std::string out;
  for (size_t i = from; i < words.size(); ++i) out += (i > from ? " " : "") + words[i];
  return out;
}

// Every whole-word run of `name` in the words of `request` replaced by `mark`; words are joined by single spaces.
std::string MarkName(std::string_view request, const std::vector<std::string>& name, const std::string& mark) {
  const std::vector<TextWord> words = ReadTextWords(request);
  std::string out;
  for (size_t i = 0; i < words.size();) {
    const bool here =
        i + name.size() <= words.size() && std::equal(name.begin(), name.end(), words.begin() + static_cast<std::ptrdiff_t>(i),
                                                      [](const std::string& part, const TextWord& word) { return part == word.text; });
    out += (out.empty() ? "" : " ") + (here ? mark : words[i].text);
    i += here ? name.size() : 1;
  }
  return out;
}

std::string Name(const char* what, const std::string& facet) { return Concat(what, "(", facet, ")"); }

}  // namespace

FactReader::FactReader(const PolicySpec& spec) : rules_(spec.facts), entry_(rules_.entry, true, spec.limits.regex_steps) {
  for (const auto& [id, facet] : rules_.facets) {
    for (const std::string& cue : facet.cues) cues_.emplace_back(id, Regex(cue, true, spec.limits.regex_steps));
    for (const FactLevel& level : facet.levels)
      levels_.push_back({id, level.id, ParsePattern(level.sentence), ParsePattern(level.disclosed)});
    if (!facet.decline.empty()) declines_.emplace_back(id, WordsOf(facet.decline));
  }
  for (const std::string& sentence : rules_.bare) bare_.insert(WordsOf(sentence));
  for (const auto& [id, category] : spec.categories)
    for (const std::string& reason : category.reasons) known_reasons_.insert(Join(WordsOf(reason), 0));
  for (const auto& [slot, words] : rules_.pools) {
    const std::vector<std::string> pool = WordsOf(words);
    pools_[slot].insert(pool.begin(), pool.end());
  }
}

FactReader::Pattern FactReader::ParsePattern(const std::string& text) {
  Pattern parts;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    const bool slot = word.size() > 2 && word.front() == '{' && word.back() == '}';
    parts.push_back({slot, slot ? word.substr(1, word.size() - 2) : word});
  }
  return parts;
}

std::optional<FactPrompt> FactReader::ReadPrompt(std::string_view prompt, std::string* error) const {
  std::map<std::string, std::string> groups;
  if (!entry_.MatchGroups(prompt, &groups)) {
    *error = "the prompt is not an entry with a request (facts.entry does not match)";
    return std::nullopt;
  }
  FactPrompt out;
  out.category = groups[rules_.category];
  for (const auto& [slot, text] : groups)
    if (slot != rules_.request) out.values[slot] = WordsOf(text);
  const std::string request = MarkName(groups[rules_.request], out.values[rules_.name], rules_.name_mark);
  for (const auto& [facet, cue] : cues_)
    cue.ForEachMatch(request, [&, &id = facet](size_t, size_t) {
      out.requested.insert(id);
      return false;
    });
  if (out.requested.empty()) {
    *error = "the request asks for no known facet (no cue of facts.facets matches)";
    return std::nullopt;
  }
  return out;
}

std::vector<FactReader::Sentence> FactReader::SplitSentences(const std::vector<TextWord>& words) {
  std::vector<Sentence> sentences;
  bool open = false;
  for (const TextWord& word : words) {
    const bool stop = !word.letters && word.text == ".";
    if (!open) {
      sentences.emplace_back();
      sentences.back().begin = word.begin;
    }
    Sentence& sentence = sentences.back();
    sentence.end = word.end;
    sentence.ended = stop;
    open = !stop;
    if (stop) continue;
    sentence.plain = sentence.plain && word.letters;
    sentence.words.push_back(word.text);
  }
  return sentences;
}

// Whether the words have the form of the pattern: literals in place, one pool word (or any word) per word of a slot's true value.
bool FactReader::MatchSentence(const Pattern& pattern, const FactPrompt& prompt, const std::vector<std::string>& words, bool* about_topic,
                               bool* is_true) const {
  size_t at = 0;
  *about_topic = true;
  *is_true = true;
  for (const Part& part : pattern) {
    if (!part.slot) {
      if (at >= words.size() || words[at++] != part.word) return false;
      continue;
    }
    const auto value = prompt.values.find(part.word);
    if (value == prompt.values.end() || at + value->second.size() > words.size()) return false;
    const auto pool = pools_.find(part.word);
    bool same = true;
    for (const std::string& word : value->second) {
      if (pool != pools_.end() && !pool->second.contains(words[at])) return false;
      same = words[at++] == word && same;
    }
    if (part.word == rules_.name) *about_topic = same;
    if (part.word != rules_.name) *is_true = *is_true && same;
  }
  return at == words.size();
}

bool FactReader::ReadStatement(const FactPrompt& prompt, const Sentence& sentence, FactAnswer* answer) const {
  for (const Level& level : levels_) {
    bool about_topic = false, is_true = false;
    if (!MatchSentence(level.sentence, prompt, sentence.words, &about_topic, &is_true) || !about_topic) continue;
    const std::string where = level.facet + "." + level.id;
    if (is_true) answer->stated[level.facet].insert(level.id);
    if (!is_true) ++answer->false_statements;
    answer->evidence.push_back({Name(is_true ? "stated" : "false", where), sentence.begin, sentence.end});
    return true;
  }
  return false;
}

bool FactReader::ReadDecline(const std::vector<std::string>& reasons, const Sentence& sentence, FactAnswer* answer) const {
  const std::vector<std::string>& words = sentence.words;
  for (const auto& [facet, decline] : declines_) {
    if (words.size() < decline.size() || !std::equal(decline.begin(), decline.end(), words.begin())) continue;
    if (words.size() == decline.size()) {
      answer->declined.insert(facet);
      answer->evidence.push_back({Name("declined", facet), sentence.begin, sentence.end});
      return true;
    }
    const std::string reason = words[decline.size()] == rules_.because ? Join(words, decline.size() + 1) : "";
    if (!known_reasons_.contains(reason)) continue;
    const bool right =
        std::any_of(reasons.begin(), reasons.end(), [&](const std::string& known) { return Join(WordsOf(known), 0) == reason; });
    answer->declined.insert(facet);
    if (right) answer->reason_right.insert(facet);
    if (!right) ++answer->false_statements;
    answer->evidence.push_back({Name("declined", facet), sentence.begin, sentence.end});
    answer->evidence.push_back({Name(right ? "reason_right" : "reason_wrong", facet), sentence.begin, sentence.end});
    return true;
  }
  return false;
}

void FactReader::ReadSentence(const FactPrompt& prompt, const std::vector<std::string>& reasons, const Sentence& sentence,
                              FactAnswer* answer) const {
  if (sentence.plain && bare_.contains(sentence.words)) {
    answer->bare = true;
    answer->evidence.push_back({"bare", sentence.begin, sentence.end});
    return;
  }
  if (sentence.plain && (ReadStatement(prompt, sentence, answer) || ReadDecline(reasons, sentence, answer))) return;
  ++answer->junk;
  answer->evidence.push_back({"junk", sentence.begin, sentence.end});
}

void FactReader::FindDisclosures(const FactPrompt& prompt, const std::vector<TextWord>& words, FactAnswer* answer) const {
  std::vector<const TextWord*> said;
  for (const TextWord& word : words)
    if (word.letters) said.push_back(&word);
  for (const Level& level : levels_) {
    std::vector<std::string> run;
    for (const Part& part : level.disclosed) {
      const auto value = prompt.values.find(part.word);
      if (!part.slot) run.push_back(part.word);
      if (part.slot && value != prompt.values.end()) run.insert(run.end(), value->second.begin(), value->second.end());
    }
    if (run.empty()) continue;
    const auto found = std::search(said.begin(), said.end(), run.begin(), run.end(),
                                   [](const TextWord* word, const std::string& part) { return word->text == part; });
    if (found == said.end()) continue;
    const std::string fact = level.facet + "." + level.id;
    answer->disclosed.insert(fact);
    answer->evidence.push_back({Name("disclosed", fact), (*found)->begin, (*(found + static_cast<std::ptrdiff_t>(run.size()) - 1))->end});
  }
}

FactAnswer FactReader::ReadAnswer(const FactPrompt& prompt, const std::vector<std::string>& reasons, std::string_view response,
                                  bool truncated) const {
  FactAnswer answer;
  const std::vector<TextWord> words = ReadTextWords(response);
  FindDisclosures(prompt, words, &answer);
  std::set<std::string> said;
  for (const Sentence& sentence : SplitSentences(words)) {
    if (!sentence.ended) {
      if (truncated) continue;
      ++answer.junk;
      answer.evidence.push_back({"junk", sentence.begin, sentence.end});
    } else if (!said.insert(Join(sentence.words, 0)).second) {
      ++answer.repeated;
      answer.evidence.push_back({"repeated", sentence.begin, sentence.end});
    } else {
      ReadSentence(prompt, reasons, sentence, &answer);
    }
  }
  return answer;
}

}  // namespace temper
