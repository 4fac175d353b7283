#pragma once

#include <string>

#include "record/qualification.h"

namespace temper {

// The record as a table for a terminal.
std::string QualificationText(const Qualification& qualification);

}  // namespace temper
