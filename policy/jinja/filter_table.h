#pragma once

#include <map>
#include <string_view>

#include "policy/jinja/call.h"

namespace temper {

using JinjaFilter = JinjaValue (*)(JinjaHeap* heap, const JinjaValue& value, const JinjaArguments& arguments);
using JinjaFilterTable = std::map<std::string_view, JinjaFilter>;

const JinjaFilterTable& JinjaScalarFilters();    // of texts and numbers
const JinjaFilterTable& JinjaSequenceFilters();  // of lists and dicts
const JinjaFilterTable& JinjaLazyFilters();      // map, select and their kin

}  // namespace temper
