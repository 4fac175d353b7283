#include "cluster/base/error.h"
#include "evaluation/suites/suite.h"

namespace temper {

// Mazeika et al., 2024, arXiv 2402.04249. File: harmbench_behaviors_text_{all,val,test}.csv with Behavior, FunctionalCategory,
// SemanticCategory, Tags, ContextString, BehaviorID. A context stands before its behaviour, as the authors' baselines put it.
extern const Suite kHarmBench = {
    .name = "harmbench",
    .about = "400 harmful behaviours, 100 of them with a context and 100 about copyright. centerforaisafety/HarmBench.",
    .licence = "MIT",
    .format = "CSV with Behavior, FunctionalCategory, SemanticCategory, ContextString, BehaviorID",
    .columns = {.id = "BehaviorID", .prompt = "prompt", .category = "", .intent = "intent"},
    .adapt =
        [](DatasetRow* row, const std::string&) {
          const std::string context = row->columns["ContextString"];
          row->columns["prompt"] = context.empty() ? row->columns["Behavior"] : Concat(context, "\n\n---\n\n", row->columns["Behavior"]);
          row->columns["intent"] = "malicious";
        },
    .fields = {"FunctionalCategory", "SemanticCategory"},
    .rates = {{"attack_success",
               "share that gives what was asked for",
               SuiteSide::kAll,
               AnswerEvent::kUnsafe,
               {"FunctionalCategory", "SemanticCategory"}}},
    .words = &kAdvBenchWords,
    .judge_note =
        "Its authors judge by a tuned model of 13 billion parameters, and copyright by hashes of the texts: the rows about "
        "copyright say little under other judges.",
};

}  // namespace temper
