#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "evaluation/qualify/question.h"
#include "reward/grade/grade.h"
#include "rollout/data/labelled_answers.h"

namespace temper {

// The options of a command that reads labelled answers.
struct LabelOptions {
  std::vector<std::string> data;   // FILE or FILE:key=column,...
  std::vector<std::string> map;    // key=column, for all files
  std::vector<std::string> words;  // FROM=TO
  std::string question;            // "" = the first that the grader answers
  double yes_from = 0.5;
  double maximum = 1;
  std::optional<std::string> category;  // that graders are told of every row; nothing = the row's own

  void Bind(CLI::App* command);
  // Throws ConfigError for a key that is no name of a column.
  std::vector<LabelledFile> Files() const;
  LabelReading Reading() const;
  // What a grader is told of the answer.
  GradeRequest RequestOf(const LabelledAnswer& answer) const {
    return {answer.prompt, answer.response, category.value_or(answer.category)};
  }
};

}  // namespace temper
