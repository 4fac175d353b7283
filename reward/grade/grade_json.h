#pragma once

#include <string>

#include "reward/grade/grade.h"

namespace temper {

// A grade as one line of JSON and back, every bit of its numbers kept. Text that is not UTF-8 is
// written with replacement characters. GradeFromJson throws Error for text over 1 MiB, malformed
// JSON, a missing field, a wrong type or an unknown word. In a grade that is ok it throws, too, for
// a value outside [0, 1]. Fields it does not know are left alone. The field verdicts is there where
// several graders were asked.
std::string GradeToJson(const Grade& grade);
Grade GradeFromJson(const std::string& text);

}  // namespace temper
