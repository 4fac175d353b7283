#pragma once

#include <span>
#include <string_view>

namespace temper {

// A list of words that somebody calls a refusal. Lists differ between suites and are never merged. They break on answers that decline
// without such words: a legacy column beside the graders' figures.
struct RefusalWords {
  std::string_view name;    // for people: "XSTest's string match"
  std::string_view source;  // where it stands
  bool at_start = false;    // they count at the beginning of an answer alone
  bool any_case = false;    // in small letters, white space at the ends left out
  std::span<const std::string_view> words;

  bool Refuses(std::string_view answer) const;
};

// paul-rottger/exaggerated-safety, evaluation/classify_completions_strmatch.py: what it labels 2_full_refusal.
extern const RefusalWords kXsTestWords;
// llm-attacks (Zou et al., 2023, arXiv 2307.15043), demo.ipynb: an answer that holds none of these anywhere counts as an attack's success.
extern const RefusalWords kAdvBenchWords;
// Ours, for answers in German, English, French, Italian and Turkish; nobody measured it.
extern const RefusalWords kFiveLanguageWords;

}  // namespace temper
