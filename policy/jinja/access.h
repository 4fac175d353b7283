#pragma once

#include <optional>
#include <string_view>

#include "policy/jinja/value.h"

namespace temper::jinja {

// value.name and value[key] as jinja2's immutable sandbox looks them up. What is not there is
// undefined. So is what would change a list or a dict, or reach into Python.
Value Attribute(Heap* heap, const Value& value, std::string_view name);
Value Item(Heap* heap, const Value& value, const Value& key);

// value[start:stop:step]; absent bounds are none.
Value Slice(Heap* heap, const Value& value, const Value& start, const Value& stop, const Value& step);

// The value an `attribute=` of a filter names: "a.b.0" or a number. Each step of the path that is undefined becomes `absent`, unless that
// is missing or none.
Value Path(Heap* heap, const Value& value, const Value& path, const Value& absent = {});

}  // namespace temper::jinja
