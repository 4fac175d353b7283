#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reward/grade/grade.h"

namespace temper {

// Answers of 100 words in groups of 16 to one prompt, as reward workers get them. The words are the prose of this project's documents from
// random places on; every thirtieth is a new spelling. By turns an answer begins with a refusal, is a list of steps, has typographic quotes
// and dashes, or is plain.
std::vector<std::vector<GradeRequest>> RequestGroups(uint64_t seed, size_t groups, const std::string& category);

// "refuses" or "answers", the label of answer `index` of a group.
const char* LabelOf(size_t index);

}  // namespace temper
