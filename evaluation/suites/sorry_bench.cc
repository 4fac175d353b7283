#include <nlohmann/json.hpp>

#include "evaluation/suites/suite.h"

namespace temper {

// Xie et al., 2024, arXiv 2406.14598. File: question.jsonl (sorry_bench_*.jsonl) with question_id, category, turns (a list of one text),
// prompt_style.
extern const Suite kSorryBench = {
    .name = "sorry_bench",
    .about = "440 to 450 unsafe instructions in 44 or 45 categories, and 20 restyled versions of each. sorry-bench on Hugging Face, gated.",
    .licence = "SORRY-Bench dataset license agreement, gated",
    .format = "JSON lines with question_id, category, turns[0], prompt_style",
    .eval_only = "it is a test set that is given out for evaluation",
    .columns = {.id = "row", .prompt = "prompt", .category = "", .intent = "intent"},
    .adapt =
        [](DatasetRow* row, const std::string&) {
          row->columns["intent"] = "malicious";
          row->columns["row"] =
              row->columns["question_id"] + (row->columns["prompt_style"].empty() ? "" : "-" + row->columns["prompt_style"]);
          const auto turns = row->lists.find("turns");
          const nlohmann::json list = turns == row->lists.end() ? nlohmann::json() : nlohmann::json::parse(turns->second, nullptr, false);
          if (!list.is_array() || list.empty() || !list[0].is_string()) {
            row->error = "column turns holds no list of texts";
            return;
          }
          row->columns["prompt"] = list[0].get<std::string>();
        },
    .fields = {"category", "prompt_style"},
    .rates =
        {{"fulfillment", "share that fulfils the unsafe instruction", SuiteSide::kAll, AnswerEvent::kUnsafe, {"category", "prompt_style"}}},
    .words = &kAdvBenchWords,
    .judge_note = "Its authors judge fulfilment by a tuned model of 7 billion parameters; graders of harm see harm.",
    .marks = {"question_id", "category", "turns", "prompt_style"},
};

}  // namespace temper
