#pragma once

#include <optional>
#include <string_view>

#include "policy/jinja/value.h"

namespace temper {

// value.name and value[key] as jinja2's immutable sandbox looks them up: what is not there is undefined, and so is what would change a
// list or a dict or reach into Python.
JinjaValue JinjaAttribute(JinjaHeap* heap, const JinjaValue& value, std::string_view name);
JinjaValue JinjaItem(JinjaHeap* heap, const JinjaValue& value, const JinjaValue& key);

// value[start:stop:step]; absent bounds are none.
JinjaValue JinjaSlice(JinjaHeap* heap, const JinjaValue& value, const JinjaValue& start, const JinjaValue& stop, const JinjaValue& step);

// The value an `attribute=` of a filter names: "a.b.0" or a number. Each step of the path that is undefined becomes `absent`, unless that
// is missing or none.
JinjaValue JinjaPath(JinjaHeap* heap, const JinjaValue& value, const JinjaValue& path, const JinjaValue& absent = {});

}  // namespace temper
