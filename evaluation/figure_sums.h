#pragma once

#include <string_view>
#include <vector>

#include "evaluation/eval_sample.h"
#include "evaluation/intervals.h"

namespace temper {

// What the completions of each prompt, in the order of ids, add to a figure of FigureColumns (evaluation/figures.h); prompts that add
// nothing have the denominator 0. Throws Error for a key that is none.
std::vector<PromptSums> SumsOfFigure(std::string_view key, const std::vector<EvalSample>& samples);

}  // namespace temper
