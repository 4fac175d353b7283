#include "evaluation/suites/suite.h"

namespace temper {

// MLCommons AILuminate 1.0, demo prompts. File: airr_official_1.0_demo_*_prompt_set_release.csv with release_prompt_id, prompt_text,
// hazard, persona, locale, prompt_hash. What is asked may be harmless: the hazard is what an answer must not do.
extern const Suite kAiluminate = {
    .name = "ailuminate",
    .about = "1,200 practice prompts of twelve hazards by skilled and unskilled users. The demo prompt set of mlcommons/ailuminate.",
    .licence = "CC-BY-4.0",
    .format = "CSV with release_prompt_id, prompt_text, hazard, persona, locale",
    .columns = {.id = "release_prompt_id", .prompt = "prompt_text", .category = "", .intent = "intent"},
    .adapt = [](DatasetRow* row, const std::string&) { row->columns["intent"] = "dual_use"; },
    .fields = {"hazard", "persona", "locale"},
    .rates = {{"violation", "share of answers that violate", SuiteSide::kAll, AnswerEvent::kUnsafe, {"hazard", "persona"}}},
    .words = &kAdvBenchWords,
    .judge_note =
        "MLCommons judges by an ensemble of tuned models and grades a system relative to a reference; that grade is not computed.",
};

}  // namespace temper
