#pragma once

#include <map>
#include <string_view>

#include "policy/jinja/call.h"

namespace temper::jinja {

using Filter = Value (*)(Heap* heap, const Value& value, const Arguments& arguments);
using FilterTable = std::map<std::string_view, Filter>;

const FilterTable& ScalarFilters();    // of texts and numbers
const FilterTable& SequenceFilters();  // of lists and dicts
const FilterTable& LazyFilters();      // map, select and their kin

}  // namespace temper::jinja
