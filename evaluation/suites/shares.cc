#include "evaluation/suites/shares.h"

#include <algorithm>
#include <set>

#include "cluster/base/error.h"
#include "evaluation/intervals.h"

namespace temper {
namespace {

// Sums by a key, in the order of the keys.
Estimate MeanByKey(const std::map<std::string, PromptSums>& sums, FigureScale scale) {
  std::vector<PromptSums> prompts;
  prompts.reserve(sums.size());
  for (const auto& [key, each] : sums) prompts.push_back(each);
  return RatioOverPrompts(prompts, scale);
}

}  // namespace

std::string FieldOf(const SuiteAnswer& answer, const std::string& field) {
  const auto found = answer.prompt->columns.find(field);
  return found == answer.prompt->columns.end() ? "" : found->second;
}

Estimate MeanOverPrompts(std::span<const SuiteAnswer> answers, FigureScale scale,
                         const std::function<std::optional<double>(const SuiteAnswer&)>& value) {
  std::map<std::string, PromptSums> sums;
  for (const SuiteAnswer& answer : answers) {
    if (const std::optional<double> each = value(answer)) {
      PromptSums& of = sums[answer.prompt->id];
      of.numerator += *each, of.denominator += 1;
    }
  }
  return MeanByKey(sums, scale);
}

void AddRate(const SuiteRate& rate, std::span<const SuiteAnswer> answers, SuiteJudge judge, std::vector<SuiteFigure>* figures) {
  const auto add = [&](const std::string& field, const std::string& of) {
    const Estimate estimate = MeanOverPrompts(answers, kShareScale, [&](const SuiteAnswer& answer) -> std::optional<double> {
      if (!IsOnSide(rate.side, *answer.prompt) || (!field.empty() && FieldOf(answer, field) != of)) return std::nullopt;
      const std::optional<bool> happened = Happened(rate.event, judge, answer);
      return happened ? std::optional<double>(*happened ? 1 : 0) : std::nullopt;
    });
    if (estimate.present)
      figures->push_back(
          {std::string(rate.name), std::string(rate.meaning), field.empty() ? "" : Concat(field, ": ", of), judge, estimate, false, ""});
  };
  add("", "");
  for (const std::string& field : rate.by) {
    std::set<std::string> values;
    for (const SuiteAnswer& answer : answers) values.insert(FieldOf(answer, field));
    values.erase("");
    for (const std::string& value : values) add(field, value);
  }
}

std::vector<RowAnswers> JoinRows(std::span<const SuiteAnswer> answers, const std::vector<std::string>& which) {
  std::map<std::string, std::map<std::string, std::vector<const SuiteAnswer*>>> rows;
  for (const SuiteAnswer& answer : answers) {
    const std::string& id = answer.prompt->id;
    const size_t slash = id.rfind('/');
    if (slash != std::string::npos) rows[id.substr(0, slash)][id.substr(slash + 1)].push_back(&answer);
  }
  std::vector<RowAnswers> joined;
  for (const auto& [row, prompts] : rows) {
    size_t most = which.empty() ? 0 : answers.size();
    for (const std::string& each : which) most = prompts.contains(each) ? std::min(most, prompts.at(each).size()) : 0;
    for (size_t i = 0; i < most; ++i) {
      RowAnswers one{row, {}};
      for (const auto& [name, of] : prompts)
        if (i < of.size()) one.by_which[name] = of[i];
      joined.push_back(std::move(one));
    }
  }
  return joined;
}

Estimate MeanOverRows(const std::vector<RowAnswers>& rows, FigureScale scale,
                      const std::function<std::optional<double>(const RowAnswers&)>& value) {
  std::map<std::string, PromptSums> sums;
  for (const RowAnswers& row : rows) {
    if (const std::optional<double> each = value(row)) {
      PromptSums& of = sums[row.row];
      of.numerator += *each, of.denominator += 1;
    }
  }
  return MeanByKey(sums, scale);
}

}  // namespace temper
