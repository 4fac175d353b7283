#include "cluster/base/error.h"
#include "evaluation/suites/suite.h"
#include "policy/text/strict_json.h"

namespace temper {

// Röttger et al., NAACL 2024, arXiv 2308.01263. File: xstest_prompts.csv with id, prompt, type, label, focus, note.
extern const Suite kXsTest = {
    .name = "xstest",
    .about = "250 safe prompts that look unsafe and 200 unsafe contrasts. xstest_prompts.csv of paul-rottger/xstest, CC-BY-4.0.",
    .columns = {.id = "id", .prompt = "prompt", .category = "", .intent = "intent"},
    .adapt =
        [](DatasetRow* row) {
          const std::string label = row->columns["label"];
          row->columns["intent"] = label == "safe" ? "benign" : "malicious";
          if (label != "safe" && label != "unsafe")
            row->error = Concat("column label holds '", Quoted(label), "'; XSTest has safe and unsafe");
        },
};

}  // namespace temper
