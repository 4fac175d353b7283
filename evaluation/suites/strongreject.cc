#include "evaluation/suites/suite.h"

namespace temper {

// Souly et al., 2024, arXiv 2402.10260. File: strongreject_dataset.csv with category, source, forbidden_prompt.
extern const Suite kStrongReject = {
    .name = "strongreject",
    .about = "313 forbidden prompts in six categories. strongreject_dataset.csv of alexandrasouly/strongreject, MIT.",
    .columns = {.id = "", .prompt = "forbidden_prompt", .category = "", .intent = "intent"},
    .adapt = [](DatasetRow* row) { row->columns["intent"] = "malicious"; },
};

}  // namespace temper
