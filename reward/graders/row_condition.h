#pragma once

#include <string>
#include <vector>

#include "reward/graders/grader.h"

namespace temper {

// What a row must be for a grader to be asked about it.
struct RowCondition {
  std::string column;    // of the row; also intent, label and category
  std::string value;     // "" = any but an empty one
  bool differs = false;  // the column must not hold the value; a row without the column holds another

  bool operator==(const RowCondition&) const = default;
};

// The conditions of `only`: COLUMN, COLUMN=VALUE or COLUMN!=VALUE, several with " && " between them. None for an empty text.
std::vector<RowCondition> ParseRowConditions(const std::string& only);

// What is wrong with such a text, "" = nothing: a condition without a column, a != without a value.
std::string RowConditionsProblem(const std::string& only);

// Whether all of them hold for the row of this answer.
bool AllHold(const std::vector<RowCondition>& conditions, const GradeRequest& request);

}  // namespace temper
