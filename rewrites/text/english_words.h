#pragma once

#include <span>
#include <string>
#include <string_view>

namespace temper {

// Words of English that rules about requests and tenses need. All are lower case, and so is what is asked for.

// A verb that does not form its past with -ed.
struct IrregularVerb {
  std::string_view base, past, participle;
};
std::span<const IrregularVerb> IrregularVerbs();

// Whether requests commonly begin with this base form: "write", "explain".
bool IsRequestVerb(std::string_view word);
// A verb that asks to be told something: "explain how to", "tell me".
bool IsTellingVerb(std::string_view word);
// Whether the word can be a past form: an irregular one, or one of -ed that is no other word ("need", "seed", "red").
bool IsPastForm(std::string_view word);
// Whether the word can be a past participle.
bool IsParticiple(std::string_view word);
// a, an, the, my, your, some, three: what begins a noun phrase.
bool IsDeterminer(std::string_view word);
// A subject of the singular or of the plural, told from its words: "bombs" and "they" are plural.
bool LooksPlural(std::string_view subject);

// ASCII letters as lower case, all else as it is.
std::string LowerAscii(std::string_view text);

}  // namespace temper
