#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "evaluation/suites/suite_answer.h"

namespace temper {

// What a field of the answer's prompt holds, "" = nothing.
std::string FieldOf(const SuiteAnswer& answer, const std::string& field);

// Mean over answers of a value in [scale.low, scale.high], with its interval over prompts (RatioOverPrompts). `value` gives nothing for
// what does not count.
Estimate MeanOverPrompts(std::span<const SuiteAnswer> answers, FigureScale scale,
                         const std::function<std::optional<double>(const SuiteAnswer&)>& value);

// The figures of a rate: over all prompts of its side, then for each value of each of its fields in the order of their names. One without
// an answer that counts is left out.
void AddRate(const SuiteRate& rate, std::span<const SuiteAnswer> answers, SuiteJudge judge, std::vector<SuiteFigure>* figures);

// One answer to each prompt of a row that holds several (ids "<row>/<which>"): the first answers of all, the second ones, ..., as many as
// the prompt with the fewest has.
struct RowAnswers {
  std::string row;
  std::map<std::string, const SuiteAnswer*> by_which;  // borrowed
};
// Of the rows that have an answer to each of `which`, in the order of their ids; other prompts of a row are there where they have one.
std::vector<RowAnswers> JoinRows(std::span<const SuiteAnswer> answers, const std::vector<std::string>& which);

// Mean over joined answers, with its interval over rows.
Estimate MeanOverRows(const std::vector<RowAnswers>& rows, FigureScale scale,
                      const std::function<std::optional<double>(const RowAnswers&)>& value);

}  // namespace temper
