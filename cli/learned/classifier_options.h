#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/learned/classifier_arguments.h"
#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/options.h"

namespace temper {

void BindLabels(CLI::App* command, LabelArguments* arguments);

// The rows; with yes_from their labels are "no" and "yes". ConfigError.
LabelledRows LoadRows(const LabelArguments& arguments);

void BindTraining(CLI::App* command, ClassifierTrainArguments* arguments);

// What the arguments mean for those rows. ConfigError.
ClassifierOptions OptionsOf(const ClassifierTrainArguments& arguments, const LabelledRows& rows);

// The options as JSON, for the record of the file.
std::string OptionsAsJson(const ClassifierTrainArguments& arguments, const ClassifierOptions& options, const LabelledRows& rows);

}  // namespace temper
