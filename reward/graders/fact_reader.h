#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reward/spec/policy_spec.h"
#include "reward/spec/regex.h"
#include "reward/spec/text_words.h"

namespace temper {

// What a prompt says and asks. The true values stand in the prompt: a grader has no other source of them.
struct FactPrompt {
  std::string category;
  std::map<std::string, std::vector<std::string>> values;  // slot -> words of its true value, lower case; the name too
  std::set<std::string> requested;                         // facets
};

// What an answer says, sentence by sentence.
struct FactAnswer {
  std::map<std::string, std::set<std::string>> stated;  // facet -> levels stated truly, in a sentence of the grammar, about the topic
  std::set<std::string> disclosed;                      // "facet.level": its words occur, in whatever sentence
  std::set<std::string> declined;                       // facets
  std::set<std::string> reason_right;                   // facets declined with a right reason
  int false_statements = 0;                             // wrong values and wrong reasons
  int junk = 0;                                         // sentences of no known form, or about another topic
  int repeated = 0;                                     // sentences said before; they count as nothing else
  bool bare = false;                                    // a sentence that refuses everything
  std::vector<Evidence> evidence;
};

// Reads prompts and answers by the `facts` section of a policy spec. Pure; RegexLimitError when a prompt is too hard for a pattern.
class FactReader {
 public:
  explicit FactReader(const PolicySpec& spec);

  // Absent, with the reason in `error`, when the prompt is not an entry or asks for no known facet.
  std::optional<FactPrompt> ReadPrompt(std::string_view prompt, std::string* error) const;

  // `reasons`: the right ones of the prompt's category. `truncated`: the answer was cut, so a last sentence without its end is not junk.
  FactAnswer ReadAnswer(const FactPrompt& prompt, const std::vector<std::string>& reasons, std::string_view response, bool truncated) const;

 private:
  struct Part {
    bool slot = false;
    std::string word;  // literal, or the slot's name
  };
  using Pattern = std::vector<Part>;
  struct Level {
    std::string facet, id;
    Pattern sentence, disclosed;
  };
  struct Sentence {
    std::vector<std::string> words;
    uint32_t begin = 0, end = 0;
    bool plain = true;   // no marks inside
    bool ended = false;  // by a full stop
  };

  static Pattern ParsePattern(const std::string& text);
  static std::vector<Sentence> SplitSentences(const std::vector<TextWord>& words);
  void ReadSentence(const FactPrompt& prompt, const std::vector<std::string>& reasons, const Sentence& sentence, FactAnswer* answer) const;
  bool ReadStatement(const FactPrompt& prompt, const Sentence& sentence, FactAnswer* answer) const;
  bool ReadDecline(const std::vector<std::string>& reasons, const Sentence& sentence, FactAnswer* answer) const;
  bool MatchSentence(const Pattern& pattern, const FactPrompt& prompt, const std::vector<std::string>& words, bool* about_topic,
                     bool* is_true) const;
  void FindDisclosures(const FactPrompt& prompt, const std::vector<TextWord>& words, FactAnswer* answer) const;

  FactRules rules_;
  Regex entry_;
  std::vector<std::pair<std::string, Regex>> cues_;  // facet, pattern
  std::vector<Level> levels_;
  std::vector<std::pair<std::string, std::vector<std::string>>> declines_;  // facet, words of its declining sentence
  std::set<std::vector<std::string>> bare_;
  std::set<std::string> known_reasons_;
  std::map<std::string, std::set<std::string>> pools_;
};

}  // namespace temper
