#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "evaluation/figures.h"

namespace temper {

// Numbers and words as reports print them. None depends on the locale.

// Fixed-point with `digits` decimals; never "-0.00".
std::string Fixed(double value, int digits);
// The same with its sign, "+0.21".
std::string Signed(double value, int digits);
// "1,440"
std::string Thousands(int64_t value);
// "0.975 [0.95, 0.99]", "undefined" where there is no sample.
std::string WithInterval(const Estimate& estimate, int digits = 3);
std::string SignedWithInterval(const Estimate& estimate, int digits = 3);
// Names as prose: dual_use -> dual-use, safe_completion -> safe-completion, held_out_topics -> held-out topics.
std::string Prose(std::string_view name);

// Whether the interval leaves 0 out, i.e. the sign of the difference is settled at 95 %.
bool ExcludesZero(const Estimate& difference);

// A paragraph broken into lines of at most `columns` characters; lines after the first begin with `indent`.
std::string Wrap(const std::string& text, size_t columns, const std::string& indent);

}  // namespace temper
