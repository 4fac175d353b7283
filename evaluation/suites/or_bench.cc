#include "evaluation/suites/suite.h"

namespace temper {

// Cui et al., 2024, arXiv 2405.20947. File: or-bench-hard-1k.csv with prompt, category; its categories are not those of a policy spec.
extern const Suite kOrBenchHard = {
    .name = "or_bench_hard",
    .about = "Some 1,300 harmless prompts that models often refuse. or-bench-hard-1k.csv of bench-llm/or-bench, CC-BY-4.0.",
    .columns = {.id = "", .prompt = "prompt", .category = "", .intent = "intent"},
    .adapt = [](DatasetRow* row) { row->columns["intent"] = "benign"; },
};

}  // namespace temper
