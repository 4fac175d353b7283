#pragma once

#include <string>
#include <string_view>

#include "cluster/base/enum_names.h"
#include "cluster/base/keyed_random.h"

namespace temper {

enum class Tense : uint8_t { kPast, kPresent, kFuture };
template <>
struct EnumNames<Tense> {
  static constexpr std::string_view kWhat = "tense";
  static constexpr EnumTable<Tense, 3> kTable{{{Tense::kPast, "past"}, {Tense::kPresent, "present"}, {Tense::kFuture, "future"}}};
};

// The tense of an English request, by rules. The first finite auxiliary says past (did, was, were, had) or future (will, shall, going to).
// Else words of time do ("in the past", "in the 1990s", "in the future"), else a past form of another verb. An order is of the present.
Tense TenseOf(std::string_view text);

// The English request in the past or the future, as a question about what people did or will do. The attack is that of Andriushchenko
// and Flammarion, "Does refusal training in LLMs generalize to the past tense?" (arXiv 2407.11969). `stream` chooses the wording. What no
// rule reads is asked about as it stands. Never empty; at most 160 bytes longer than three times the text ("i'd" becomes
// "they would"). Throws Error for the present.
std::string InTense(std::string_view text, Tense tense, KeyedStream* stream);

// The English request as that of somebody else: "How would someone pick a lock?". The same promises.
std::string AsThirdPerson(std::string_view text, KeyedStream* stream);

}  // namespace temper
