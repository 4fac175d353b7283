#pragma once

#include <string_view>

#include "policy/jinja/value.h"

namespace temper {

// Python's operators. Operands that do not go together are a JinjaFailure that says so.

enum class JinjaOperator { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class JinjaComparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

JinjaValue JinjaApply(JinjaHeap* heap, JinjaOperator op, const JinjaValue& a, const JinjaValue& b);
JinjaValue JinjaNegate(const JinjaValue& value, bool minus);  // -x, +x
bool JinjaCompare(JinjaHeap* heap, JinjaComparison op, const JinjaValue& a, const JinjaValue& b);
bool JinjaLess(JinjaHeap* heap, const JinjaValue& a, const JinjaValue& b);
bool JinjaContains(JinjaHeap* heap, const JinjaValue& container, const JinjaValue& item);

// `format % arguments`, and str.format with fields {}, {0} and {name}.
JinjaValue JinjaPercentFormat(JinjaHeap* heap, const JinjaValue& format, const JinjaValue& arguments);

// HTML escaping, as markupsafe's.
JinjaValue JinjaEscape(JinjaHeap* heap, const JinjaValue& value);

// Throws what jinja2 says when an undefined value is used; does nothing for any other value.
void JinjaRequireDefined(const JinjaValue& value);

}  // namespace temper
