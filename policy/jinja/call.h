#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/jinja/value.h"

namespace temper {

struct JinjaArguments {
  std::vector<JinjaValue> positional;
  std::vector<std::pair<std::string_view, JinjaValue>> keyword;
};

// The arguments in the order of `names`, kMissing where one was not given. JinjaFailure, naming `callee`, where there are too many, one
// is unknown, or one of the first `required` is not there.
std::vector<JinjaValue> JinjaBind(const JinjaArguments& arguments, std::string_view callee, std::initializer_list<std::string_view> names,
                                  size_t required = 0);

// receiver.name(arguments): the methods of texts, lists, tuples, dicts and loops. One that Python has and this has not is a JinjaFailure
// that names it.
JinjaValue JinjaCallMethod(JinjaHeap* heap, const JinjaMethod& method, const JinjaArguments& arguments);
JinjaValue JinjaCallTextMethod(JinjaHeap* heap, const JinjaMethod& method, const JinjaArguments& arguments);

// range, dict, namespace, raise_exception and strftime_now (of the local time `now`). What raise_exception raises is a JinjaFailure.
bool JinjaIsGlobal(std::string_view name);
JinjaValue JinjaCallGlobal(JinjaHeap* heap, std::string_view name, const JinjaArguments& arguments, int64_t now);

bool JinjaIsFilter(std::string_view name);
bool JinjaIsTest(std::string_view name);
JinjaValue JinjaCallFilter(JinjaHeap* heap, std::string_view name, const JinjaValue& value, const JinjaArguments& arguments);
bool JinjaCallTest(JinjaHeap* heap, std::string_view name, const JinjaValue& value, const JinjaArguments& arguments);

// Helpers of the above: what an argument must be, with the default where it is missing. `what` names it in the error.
std::string_view JinjaTextArgument(const JinjaValue& value, std::string_view what);
int64_t JinjaIntArgument(const JinjaValue& value, std::string_view what, int64_t absent);

// The texts of a split and its kin as a list.
JinjaValue JinjaTextList(JinjaHeap* heap, const std::vector<std::string_view>& parts, bool markup);
// str.replace on any texts.
JinjaValue JinjaReplaceText(JinjaHeap* heap, std::string_view text, std::string_view from, std::string_view to, int64_t count, bool markup);

}  // namespace temper
