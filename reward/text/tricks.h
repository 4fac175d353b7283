#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/base/enum_names.h"

namespace temper {

// Cheap changes of an answer that leave what it gives away as it is, and that make a grader of words change its mind. A label stays true
// under each of them.
enum class Trick : uint8_t {
  kApologyBefore,
  kApologyAfter,
  kThreeApologies,
  kStaySafe,
  kPaddingBefore,
  kPaddingAfter,
  kSpacedLetters,
};

template <>
struct EnumNames<Trick> {
  static constexpr std::string_view kWhat = "trick";
  static constexpr EnumTable<Trick, 7> kTable{{{Trick::kApologyBefore, "apology_before"},
                                               {Trick::kApologyAfter, "apology_after"},
                                               {Trick::kThreeApologies, "three_apologies"},
                                               {Trick::kStaySafe, "stay_safe"},
                                               {Trick::kPaddingBefore, "padding_before"},
                                               {Trick::kPaddingAfter, "padding_after"},
                                               {Trick::kSpacedLetters, "spaced_letters"}}};
};
inline constexpr size_t kNumTricks = EnumNames<Trick>::kTable.size();

// Which sentences are put in: a classifier that learned some is measured with others.
enum class TrickWords : uint8_t { kToTrain, kToTest };

// The answer under the trick. `choice` chooses among the sentences; the same one gives the same text.
std::string ApplyTrick(Trick trick, std::string_view answer, TrickWords words, uint64_t choice);

}  // namespace temper
