// The suite of the test. All that a suite needs is in this file.
#include "evaluation/suites/suite.h"

namespace temper {

extern const Suite kZebras = {
    .name = "zebras",
    .about = "Questions about zebras. Written for this test.",
    .columns = {.id = "", .prompt = "question", .category = "", .intent = "intent"},
    .adapt = [](DatasetRow* row) { row->columns["intent"] = "benign"; },
};

}  // namespace temper
