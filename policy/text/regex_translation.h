#pragma once

#include <string>
#include <string_view>

namespace temper {

// A regular expression as tokenizer.json spells it (Oniguruma's syntax, as the `tokenizers` library reads it), in PCRE2's syntax with the
// same matches under PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE. Differences it settles: character classes (nesting, &&, \s, \w, \d, \h,
// properties, Unicode 16), interval quantifiers followed by + or ?, (?m), the reach of (?i). ConfigError names a construct that has no
// translation: (?x), absent operators, callouts, escapes of bytes and unknown letters.
// Known difference: (?i) folds one character to one character, so (?i:ss) does not match U+00DF.
std::string TranslateRegex(std::string_view pattern);

}  // namespace temper
