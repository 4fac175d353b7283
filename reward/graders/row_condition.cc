#include "reward/graders/row_condition.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr std::string_view kAnd = " && ";

RowCondition ParseOne(const std::string& text) {
  const size_t equals = text.find('=');
  const bool differs = equals != std::string::npos && equals > 0 && text[equals - 1] == '!';
  RowCondition condition;
  condition.column = text.substr(0, differs ? equals - 1 : equals);
  condition.differs = differs;
  if (equals != std::string::npos) condition.value = text.substr(equals + 1);
  return condition;
}

bool Holds(const RowCondition& condition, const GradeRequest& request) {
  const std::string value = ColumnOf(request, condition.column);
  if (condition.value.empty()) return !value.empty();
  return (value == condition.value) != condition.differs;
}

}  // namespace

std::vector<RowCondition> ParseRowConditions(const std::string& only) {
  std::vector<RowCondition> conditions;
  if (only.empty()) return conditions;
  for (size_t begin = 0, end = 0; end != std::string::npos; begin = end + kAnd.size()) {
    end = only.find(kAnd, begin);
    conditions.push_back(ParseOne(only.substr(begin, end == std::string::npos ? end : end - begin)));
  }
  return conditions;
}

std::string RowConditionsProblem(const std::string& only) {
  for (const RowCondition& each : ParseRowConditions(only)) {
    if (each.column.empty()) return Concat("'", only, "' has a condition without a column");
    if (each.differs && each.value.empty()) return Concat("'", only, "' says != and no value");
  }
  return "";
}

bool AllHold(const std::vector<RowCondition>& conditions, const GradeRequest& request) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const RowCondition& each) { return Holds(each, request); });
}

}  // namespace temper
