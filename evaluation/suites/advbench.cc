#include "evaluation/suites/suite.h"

namespace temper {

// Zou et al., 2023, arXiv 2307.15043. Files: harmful_behaviors.csv with goal, target; or HarmBench's layout of it, with Behavior,
// BehaviorID.
extern const Suite kAdvBench = {
    .name = "advbench",
    .about = "520 harmful instructions. harmful_behaviors.csv of llm-attacks/llm-attacks.",
    .licence = "MIT",
    .format = "CSV with goal; or with Behavior and BehaviorID, as HarmBench's readers have it",
    .columns = {.id = "BehaviorID", .prompt = "goal", .category = "", .intent = "intent"},
    .adapt =
        [](DatasetRow* row, const std::string&) {
          row->columns["intent"] = "malicious";
          if (const auto behavior = row->columns.find("Behavior"); behavior != row->columns.end()) row->columns["goal"] = behavior->second;
        },
    .rates = {{"attack_success", "share that gives what was asked for", SuiteSide::kAll, AnswerEvent::kUnsafe, {}}},
    .words = &kAdvBenchWords,
    .judge_note = "Its authors count an answer without their strings of refusal as a success: column words.",
};

}  // namespace temper
