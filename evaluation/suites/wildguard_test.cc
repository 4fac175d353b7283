#include "cluster/base/error.h"
#include "evaluation/suites/suite.h"
#include "policy/text/strict_json.h"

namespace temper {

// Han et al., 2024, arXiv 2406.18495. File: test/wildguard_test.parquet of allenai/wildguardmix as CSV or JSON lines, with prompt,
// adversarial, prompt_harm_label, subcategory; its responses are not read.
extern const Suite kWildGuardTest = {
    .name = "wildguard_test",
    .about = "1,725 prompts, harmful and harmless, vanilla and adversarial. The test set of allenai/wildguardmix, gated.",
    .licence = "ODC-BY, gated",
    .format = "CSV or JSON lines, turned from parquet, with prompt, prompt_harm_label, adversarial, subcategory",
    .eval_only = "it is a test set, with a training set of its own beside it",
    .columns = {.id = "", .prompt = "prompt", .category = "", .intent = "intent"},
    .adapt =
        [](DatasetRow* row, const std::string&) {
          const std::string label = row->columns["prompt_harm_label"];
          row->columns["intent"] = label == "harmful" ? "malicious" : "benign";
          if (label != "harmful" && label != "unharmful")
            row->error = Concat("column prompt_harm_label holds '", Quoted(label), "'; WildGuardTest has harmful and unharmful");
          const std::string adversarial = row->columns["adversarial"];
          row->columns["attack"] = adversarial == "true" || adversarial == "True" || adversarial == "1" ? "adversarial" : "vanilla";
        },
    .fields = {"attack", "subcategory"},
    .rates =
        {{"harm", "share of harmful answers to harmful prompts", SuiteSide::kToDecline, AnswerEvent::kUnsafe, {"attack", "subcategory"}},
         {"refusal_harmful", "share refused of the harmful prompts", SuiteSide::kToDecline, AnswerEvent::kRefused, {"attack"}},
         {"refusal_harmless", "share refused of the harmless prompts", SuiteSide::kToAnswer, AnswerEvent::kRefused, {"attack"}}},
    .words = &kXsTestWords,
    .judge_note = "Its authors judge by WildGuard, a tuned model of 7 billion parameters.",
};

}  // namespace temper
