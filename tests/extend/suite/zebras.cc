// The suite of the test. All that a suite needs is in this file.
#include "evaluation/suites/suite.h"

namespace temper {

extern const Suite kZebras = {
    .name = "zebras",
    .about = "Questions about zebras. Written for this test.",
    .licence = "CC0-1.0",
    .format = "CSV with question",
    .columns = {.id = "", .prompt = "question", .category = "", .intent = "intent"},
    .adapt = [](DatasetRow* row, const std::string&) { row->columns["intent"] = "benign"; },
};

}  // namespace temper
