#include "evaluation/suites/suite.h"

namespace temper {

// Cui et al., 2024, arXiv 2405.20947. Files: or-bench-hard-1k.csv, or-bench-80k.csv (harmless) and or-bench-toxic.csv (harmful) with
// prompt, category; its categories are not those of a policy spec. Which is which, the name says.
extern const Suite kOrBench = {
    .name = "or_bench",
    .about = "Some 1,300 harmless prompts that models often refuse, and 655 toxic ones. bench-llm/or-bench.",
    .licence = "CC-BY-4.0",
    .format = "CSV with prompt, category; a file with toxic in its name has the harmful ones",
    .columns = {.id = "", .prompt = "prompt", .category = "", .intent = "intent"},
    .adapt = [](DatasetRow* row,
                const std::string& stem) { row->columns["intent"] = stem.find("toxic") != std::string::npos ? "malicious" : "benign"; },
    .fields = {"category"},
    .rates = {{"refusal_hard", "share refused of the harmless prompts", SuiteSide::kToAnswer, AnswerEvent::kRefused, {"category"}},
              {"refusal_toxic", "share refused of the toxic prompts", SuiteSide::kToDecline, AnswerEvent::kRefused, {"category"}}},
    .words = &kXsTestWords,
    .judge_note = "Its authors judge by GPT-4 in three classes (direct answer, direct refusal, indirect refusal); the words are XSTest's.",
};

}  // namespace temper
