#pragma once

#include <string>

namespace temper {

// Path of the running program's file.
std::string ProgramPath();

}  // namespace temper
