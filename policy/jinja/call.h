#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/jinja/value.h"

namespace temper::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> keyword;
};

// The arguments in the order of `names`, kMissing where one was not given. Failure, naming `callee`, where there are too many, one
// is unknown, or one of the first `required` is not there.
std::vector<Value> Bind(const Arguments& arguments, std::string_view callee, std::initializer_list<std::string_view> names,
                        size_t required = 0);

// receiver.name(arguments): the methods of texts, lists, tuples, dicts and loops. One that Python has and this has not is a Failure
// that names it.
Value CallMethod(Heap* heap, const Method& method, const Arguments& arguments);
Value CallTextMethod(Heap* heap, const Method& method, const Arguments& arguments);

// range, dict, namespace, raise_exception and strftime_now (of the local time `now`). What raise_exception raises is a Failure.
bool IsGlobal(std::string_view name);
Value CallGlobal(Heap* heap, std::string_view name, const Arguments& arguments, int64_t now);

bool IsFilter(std::string_view name);
bool IsTest(std::string_view name);
Value CallFilter(Heap* heap, std::string_view name, const Value& value, const Arguments& arguments);
bool CallTest(Heap* heap, std::string_view name, const Value& value, const Arguments& arguments);

// Helpers of the above: what an argument must be, with the default where it is missing. `what` names it in the error.
std::string_view TextArgument(const Value& value, std::string_view what);
int64_t IntArgument(const Value& value, std::string_view what, int64_t absent);

// The texts of a split and its kin as a list.
Value TextList(Heap* heap, const std::vector<std::string_view>& parts, bool markup);
// str.replace on any texts.
Value ReplaceText(Heap* heap, std::string_view text, std::string_view from, std::string_view to, int64_t count, bool markup);

}  // namespace temper::jinja
