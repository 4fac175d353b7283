#pragma once

#include <string_view>

#include "policy/jinja/value.h"

namespace temper::jinja {

// Python's operators. Operands that do not go together are a Failure that says so.

enum class Operator { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class Comparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

Value Apply(Heap* heap, Operator op, const Value& a, const Value& b);
Value Negate(const Value& value, bool minus);  // -x, +x
bool Compare(Heap* heap, Comparison op, const Value& a, const Value& b);
bool Less(Heap* heap, const Value& a, const Value& b);
bool Contains(Heap* heap, const Value& container, const Value& item);

// `format % arguments`, and str.format with fields {}, {0} and {name}.
Value PercentFormat(Heap* heap, const Value& format, const Value& arguments);

// HTML escaping, as markupsafe's.
Value Escape(Heap* heap, const Value& value);

// Throws what jinja2 says when an undefined value is used; does nothing for any other value.
void RequireDefined(const Value& value);

}  // namespace temper::jinja
