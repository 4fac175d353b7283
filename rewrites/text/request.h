#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace temper {

// A word of a text: letters, digits, apostrophes and hyphens. `lower` has its ASCII letters in lower case.
struct EnglishWord {
  std::string lower;
  size_t begin = 0, end = 0;  // bytes of the text
};
std::vector<EnglishWord> WordsOf(std::string_view text);

// A request in English, taken apart by rules: no grammar stands behind them. `before` and `after` are what the text says around the
// sentence that asks.
struct EnglishRequest {
  enum class Kind {
    kDo,        // `core` is what shall be done, from its base verb on: "pick a lock" of "How do I pick a lock?" and of "Pick a lock."
    kQuestion,  // `core` is a question with a finite auxiliary, without its mark: "Why do birds sing"
    kOther,     // `core` is the whole text: no rule reads it
  };
  Kind kind = Kind::kOther;
  std::string before, core, after;
  std::string inner;  // of kDo that asks to be told how to do something ("explain how to pick a lock"): what is done; "" = none
};

// Never fails: what no rule reads is kOther.
EnglishRequest ReadRequest(std::string_view text);

// The words of the first and second person as those of the third: "my phone" -> "their phone".
std::string InThirdPerson(std::string_view text);

}  // namespace temper
